#include "model/alert_config.h"

const char *alert_kind_text(enum alert_kind kind)
{
    static const char *const texts[ALERT_KINDS] = {
        [ALERT_VERDICT] = "verdict",
        [ALERT_SITE_LOST] = "site-lost",
        [ALERT_PAST_TARGET] = "past-target",
        [ALERT_PAST_MAX] = "past-max",
        [ALERT_BUSY] = "busy",
        [ALERT_QUERIES] = "queries",
        [ALERT_CALLS] = "calls",
        [ALERT_ALL_AT_ONCE] = "all-at-once",
        [ALERT_SAFETY] = "safety",
        [ALERT_PROBES] = "probes",
        [ALERT_PUBLISH] = "publish",
        [ALERT_RELOAD] = "reload",
        [ALERT_STALE] = "stale",
        [ALERT_EXPIRY] = "expiry",
        [ALERT_SIGNING] = "signing",
        [ALERT_STATE] = "state",
        [ALERT_CLOCK] = "clock",
        [ALERT_ORDERS] = "void-order",
        [ALERT_OVERLOAD] = "overload",
        [ALERT_HOOKS] = "hook",
        [ALERT_ORDER] = "order",
        [ALERT_DRILL] = "drill",
        [ALERT_LOGIN] = "login",
        [ALERT_START] = "start",
        [ALERT_STOP] = "stop",
        [ALERT_TEST] = "test",
    };
    return texts[kind];
}

const char *alert_severity_text(enum alert_severity severity)
{
    static const char *const texts[] = {[ALERT_INFO] = "info", [ALERT_WARNING] = "warning", [ALERT_CRITICAL] = "critical"};
    return texts[severity];
}
