#include "control/drill_report.h"

#include <math.h>
#include <string.h>

static const double CALLS_MOST = 1e12;

static json_t *time_json(int64_t at_ms)
{
    return at_ms == DRILL_NEVER ? json_null() : json_integer((json_int_t)at_ms);
}

static json_t *known_json(double value)
{
    return value < 0 ? json_null() : json_real(value);
}

static json_t *calls_json(const struct drill *drill)
{
    const struct drill_start *start = &drill->start;
    return json_pack("{s:b, s:f, s:f, s:f, s:o, s:o, s:o}", "measured", (int)start->measured, "at_start", start->calls, "last",
                     drill->calls, "least", drill->least_calls, "moved_percent", known_json(drill_calls_moved(drill)), "half_moved_ms",
                     time_json(drill->half_ms), "most_moved_ms", time_json(drill->most_ms));
}

static json_t *peak_json(const struct drill *drill)
{
    return json_pack("{s:s, s:o, s:s, s:o}", "site", drill->peak_site, "percent", known_json(drill->peak), "predicted_site",
                     drill->start.peak_site, "predicted_percent", known_json(drill->start.peak));
}

static json_t *risk_json(const struct drill *drill)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "calls", drill_calls_at_risk(drill), "at_site", drill->start.calls, "past_max_predicted",
                     drill->start.calls_past_max, "past_max_measured", drill->calls_past_max, "without_site",
                     drill->start.calls_without_site);
}

static json_t *goals_json(const struct drill *drill)
{
    const struct drill_goals *goals = &drill->start.goals;
    const struct drill_judgement met = drill_judge(drill);
    json_t *object = json_pack("{s:{s:I, s:b}, s:{s:I, s:b}, s:{s:I, s:b}}", "publish", "most_ms", (json_int_t)goals->publish_ms, "met",
                               (int)met.publish, "moved", "most_ms", (json_int_t)goals->moved_ms, "met", (int)met.moved, "peak",
                               "most_percent", (json_int_t)goals->peak, "met", (int)met.peak);
    if (goals->calls_at_risk)
        json_object_set_new(object, "calls_at_risk",
                            json_pack("{s:I, s:b}", "most", (json_int_t)goals->calls_at_risk, "met", (int)met.calls_at_risk));
    return object;
}

json_t *drill_json(const struct drill *drill)
{
    const struct drill_start *start = &drill->start;
    json_t *object =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:i}", "version", 1, "id", start->id, "site", start->site, "who",
                  start->who, "reason", start->reason, "since_s", (json_int_t)start->since_s, "for_ms", (json_int_t)start->for_ms, "result",
                  drill_result_text(drill->result), "why", drill->why, "restarts", (int)drill->restarts);
    json_object_update_new(object, json_pack("{s:o, s:o, s:o, s:I, s:o, s:f}", "lasted_ms", time_json(drill->lasted_ms), "detect_ms",
                                             time_json(start->detect_ms), "publish_ms", time_json(drill->published_ms), "ttl_s",
                                             (json_int_t)start->ttl_s, "moved_ms", time_json(drill_moved_ms(drill)), "share_percent",
                                             start->share));
    json_object_set_new(object, "calls", calls_json(drill));
    json_object_set_new(object, "peak", peak_json(drill));
    json_object_set_new(object, "at_risk", risk_json(drill));
    json_object_set_new(object, "goals", goals_json(drill));
    return object;
}

json_t *drill_summary(const json_t *report)
{
    static const char *const kept[] = {"id",     "site", "who",       "reason",     "since_s", "for_ms",
                                       "result", "why",  "lasted_ms", "publish_ms", "moved_ms"};
    enum drill_result result;
    const char *text = json_string_value(json_object_get(report, "result"));
    if (!json_is_string(json_object_get(report, "id")) || !json_is_string(json_object_get(report, "site")) || !text ||
        !drill_result_parse(text, &result))
        return NULL;
    json_t *summary = json_object();
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        json_object_set(summary, kept[i], json_object_get(report, kept[i]));
    json_object_set(summary, "peak_percent", json_object_get(json_object_get(report, "peak"), "percent"));
    return summary;
}

/* --- reading */

struct reader {
    const char *wrong; /* the first key that is unsound; NULL: none */
};

static void read_text(struct reader *reader, const json_t *object, const char *key, char *out, size_t room)
{
    const char *text = json_string_value(json_object_get(object, key));
    const size_t len = text ? strlen(text) : room;
    if (len >= room) {
        reader->wrong = reader->wrong ? reader->wrong : key;
        return;
    }
    memcpy(out, text, len + 1);
}

static int64_t read_whole(struct reader *reader, const json_t *object, const char *key, int64_t most)
{
    const json_t *value = json_object_get(object, key);
    const json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= 0 && number <= most)
        return number;
    reader->wrong = reader->wrong ? reader->wrong : key;
    return 0;
}

static int64_t read_time(struct reader *reader, const json_t *object, const char *key)
{
    return json_is_null(json_object_get(object, key)) ? DRILL_NEVER : read_whole(reader, object, key, INT32_MAX);
}

static double read_number(struct reader *reader, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const double number = json_number_value(value);
    if (json_is_number(value) && isfinite(number) && number >= 0 && number <= CALLS_MOST)
        return number;
    reader->wrong = reader->wrong ? reader->wrong : key;
    return 0;
}

static double read_known(struct reader *reader, const json_t *object, const char *key)
{
    return json_is_null(json_object_get(object, key)) ? -1 : read_number(reader, object, key);
}

static void read_goals(struct reader *reader, const json_t *goals, struct drill_goals *ret)
{
    const json_t *at_risk = json_object_get(goals, "calls_at_risk");
    *ret = (struct drill_goals){
        .publish_ms = (uint32_t)read_whole(reader, json_object_get(goals, "publish"), "most_ms", UINT32_MAX),
        .moved_ms = (uint32_t)read_whole(reader, json_object_get(goals, "moved"), "most_ms", UINT32_MAX),
        .peak = (uint32_t)read_whole(reader, json_object_get(goals, "peak"), "most_percent", UINT32_MAX),
        .calls_at_risk = at_risk ? (uint32_t)read_whole(reader, at_risk, "most", UINT32_MAX) : 0,
    };
}

static void read_start(struct reader *reader, const json_t *report, struct drill_start *ret)
{
    const json_t *calls = json_object_get(report, "calls"), *peak = json_object_get(report, "peak"),
                 *risk = json_object_get(report, "at_risk");
    read_text(reader, report, "id", ret->id, sizeof ret->id);
    read_text(reader, report, "site", ret->site, sizeof ret->site);
    read_text(reader, report, "who", ret->who, sizeof ret->who);
    read_text(reader, report, "reason", ret->reason, sizeof ret->reason);
    ret->since_s = read_whole(reader, report, "since_s", INT64_MAX);
    ret->for_ms = (uint64_t)read_whole(reader, report, "for_ms", DRILL_LONGEST_MS);
    ret->detect_ms = read_time(reader, report, "detect_ms");
    ret->ttl_s = (uint32_t)read_whole(reader, report, "ttl_s", INT32_MAX);
    ret->share = read_number(reader, report, "share_percent");
    ret->measured = json_is_true(json_object_get(calls, "measured"));
    ret->calls = read_number(reader, calls, "at_start");
    ret->peak = read_known(reader, peak, "predicted_percent");
    read_text(reader, peak, "predicted_site", ret->peak_site, sizeof ret->peak_site);
    ret->calls_past_max = read_number(reader, risk, "past_max_predicted");
    ret->calls_without_site = read_number(reader, risk, "without_site");
    read_goals(reader, json_object_get(report, "goals"), &ret->goals);
}

bool drill_read(const json_t *report, struct drill *ret_drill, struct error *err)
{
    struct reader reader = {NULL};
    const json_t *calls = json_object_get(report, "calls"), *peak = json_object_get(report, "peak");
    const char *result = json_string_value(json_object_get(report, "result"));
    *ret_drill = (struct drill){.lasted_ms = DRILL_NEVER};
    read_start(&reader, report, &ret_drill->start);
    ret_drill->published_ms = read_time(&reader, report, "publish_ms");
    ret_drill->half_ms = read_time(&reader, calls, "half_moved_ms");
    ret_drill->most_ms = read_time(&reader, calls, "most_moved_ms");
    ret_drill->calls = read_number(&reader, calls, "last");
    ret_drill->least_calls = read_number(&reader, calls, "least");
    ret_drill->peak = read_known(&reader, peak, "percent");
    read_text(&reader, peak, "site", ret_drill->peak_site, sizeof ret_drill->peak_site);
    ret_drill->calls_past_max = read_number(&reader, json_object_get(report, "at_risk"), "past_max_measured");
    ret_drill->restarts = (unsigned)read_whole(&reader, report, "restarts", 1000000);
    if (!result || !drill_result_parse(result, &ret_drill->result))
        reader.wrong = reader.wrong ? reader.wrong : "result";
    return !reader.wrong || error_set(err, "\"%s\" is missing or unsound", reader.wrong);
}
