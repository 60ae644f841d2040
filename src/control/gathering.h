/* The collector and the way from it to the director's meters. Thread: the director's. */
#pragma once

#include "control/inbox.h"
#include "control/loads.h"

struct gathering {
    struct collector *collector;
    struct inbox *inbox;
};

/* wake_fd is raised when something has come. False: nothing to close but by gathering_close(). */
bool gathering_open(struct gathering *gathering, int wake_fd, struct error *err);
/* What has come since the last call, into the meters. */
void gathering_take(struct gathering *gathering, struct meters *meters);
/* False: a thread is stuck in a file and is left behind. */
bool gathering_close(struct gathering *gathering);
