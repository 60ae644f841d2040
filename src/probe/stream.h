/* One connection of a check, with TLS over it where its probe speaks that; open over as many probes as its back end likes. It never blocks, and it
 * tells its user what has come of it; whoever closes it hears no more. Thread: the engine's. Embedded in what the back end keeps in task->link. */
#pragma once

#include "probe/engine.h"
#include "probe/tls_link.h"

/* A back end over streams. In broken() the stream is closed, and stream->failure is how a probe ends that can do no more about it. */
struct stream_user {
    void (*ready)(struct task *task);    /* after stream_open(): may be written to */
    void (*readable)(struct task *task); /* one stream_read() is worth trying; called again as long as there is more */
    void (*broken)(struct task *task);   /* while it was being opened */
};

struct stream {
    struct task *task;
    const struct stream_user *user;
    struct event readable, writable;
    int fd;         /* -1: closed */
    bool connected; /* TLS shakes hands, if there is TLS */
    bool ready;     /* all is done that comes before the user's own octets */
    struct tls_link tls;
    struct hostport local;
    uint64_t ready_us;          /* when it became ready */
    uint64_t print;             /* of what it was opened for */
    struct observation failure; /* of the last thing that failed */
};

void stream_init(struct stream *stream, struct task *task, const struct stream_user *user);
/* Begins to connect to the check's target. False: it has failed already, broken() is not called. */
bool stream_open(struct stream *stream);
void stream_close(struct stream *stream);

/* Ready, and as good as a new one: not too old, for the very domain and trust that the check has now, its certificate not ended since. */
bool stream_fresh(const struct stream *stream);
/* How a probe ends for which the time is up; says what was waited for. The stream is closed. */
struct observation stream_timeout(struct stream *stream);

/* Octets read, 0 when there are none now, -1: broken and closed. */
ssize_t stream_read(struct stream *stream, void *to, size_t room);
/* All of it at once; what we send is small and the way is free, or something is wrong. False: broken and closed. */
bool stream_write(struct stream *stream, const void *from, size_t len);
