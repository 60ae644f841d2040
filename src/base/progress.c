#include "base/progress.h"

#include <stddef.h>

static _Thread_local struct progress *mine;

void progress_use(struct progress *progress)
{
    mine = progress;
}

/* A look in between may see the steps of one thing and the number of another; the next one, a moment later, is right. */
void progress_begin(const char *what, uint64_t of)
{
    if (mine == NULL)
        return;
    atomic_store_explicit(&mine->done, 0, memory_order_relaxed);
    atomic_store_explicit(&mine->of, of, memory_order_relaxed);
    atomic_store_explicit(&mine->what, what, memory_order_release);
}

void progress_step(uint64_t done)
{
    if (mine)
        atomic_store_explicit(&mine->done, done, memory_order_relaxed);
}

void progress_end(void)
{
    if (mine)
        atomic_store_explicit(&mine->what, NULL, memory_order_relaxed);
}

bool progress_see(const struct progress *progress, struct progress_seen *ret_seen)
{
    const char *what = atomic_load_explicit(&progress->what, memory_order_acquire);
    const uint64_t of = atomic_load_explicit(&progress->of, memory_order_relaxed);
    const uint64_t done = atomic_load_explicit(&progress->done, memory_order_relaxed);
    *ret_seen = (struct progress_seen){.what = what, .percent = of == 0 ? -1 : done >= of ? 100 : (int)((double)done / (double)of * 100)};
    return what != NULL;
}
