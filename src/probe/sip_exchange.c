#include "probe/sip_exchange.h"

#include "probe/outcome.h"

#include <sys/random.h>

enum { STATUS_BUSY = 503 };

bool sip_exchange_begin(struct sip_exchange *exchange)
{
    exchange->nonsense = false;
    exchange->sent_us = 0;
    return getrandom(&exchange->ids, sizeof exchange->ids, 0) == sizeof exchange->ids;
}

static struct sip_request request_of(const struct sip_exchange *exchange, const struct task *task)
{
    return (struct sip_request){
        .transport = task->check.probe.transport,
        .target = task->check.target,
        .local = exchange->local,
        .max_forwards = task->check.probe.max_forwards,
        .from = task->check.probe.from,
        .ids = exchange->ids,
    };
}

size_t sip_exchange_write(const struct sip_exchange *exchange, const struct task *task, char out[SIP_REQUEST_MAX])
{
    const struct sip_request request = request_of(exchange, task);
    return sip_request_write(&request, out, SIP_REQUEST_MAX);
}

/* Answers that prove a working SIP server, whatever it thinks of our OPTIONS, unless the operator has listed others. */
static bool counts_as_alive(const struct probe *probe, unsigned status)
{
    static const uint16_t by_default[] = {401, 403, 404, 405, 407, 481, 483, 486, 488, 501};
    const uint16_t *alive = probe->alive_count ? probe->alive : by_default;
    const size_t count = probe->alive_count ? probe->alive_count : sizeof by_default / sizeof *by_default;
    if (probe->alive_count == 0 && status / 100 == 2)
        return true;
    for (size_t i = 0; i < count; i++)
        if (alive[i] == status)
            return true;
    return false;
}

static struct observation observation_of(const struct sip_message *message, const struct probe *probe)
{
    struct observation seen = {.outcome = OUTCOME_FAILED, .reason = REASON_BAD_STATUS, .status = (uint16_t)message->status};
    if (counts_as_alive(probe, message->status)) {
        seen.outcome = OUTCOME_ALIVE;
        seen.reason = REASON_ANSWERED;
    } else if (message->status == STATUS_BUSY) {
        seen.outcome = OUTCOME_BUSY;
        seen.reason = REASON_BUSY;
        seen.retry_after_s = message->retry_after_s;
    }
    return seen;
}

enum sip_heard sip_exchange_hear(const struct sip_exchange *exchange, struct task *task, const struct sip_message *message)
{
    const struct sip_request request = request_of(exchange, task);
    if (!sip_message_answers(message, &request))
        return SIP_HEARD_NOTHING; /* a late answer to an earlier probe, or a guess */
    if (message->status < 200)
        return SIP_HEARD_PROVISIONAL;
    struct observation seen = observation_of(message, &task->check.probe);
    seen.rtt_us = (uint32_t)(engine_now_us(task->engine) - exchange->sent_us);
    seen.certificate_end_s = exchange->certificate_end_s;
    if (seen.rtt_us == 0)
        seen.rtt_us = 1; /* 0 says that there was no answer */
    probe_end(task, seen);
    return SIP_HEARD_END;
}

void sip_exchange_fail(struct task *task, enum reason reason)
{
    probe_end(task, observation_failed(reason));
}
