/* A copy of what is known goes to the loader's thread, the prediction comes back. */
#include "control/foretell.h"

#include "base/clock.h"
#include "base/memory.h"
#include "control/director.h"
#include "control/foresee.h"

#include <stdlib.h>

struct question_asked {
    const char *what, *sites; /* sites: NULL for none */
    double calls;
    bool present; /* where demand does not say: the calls that load tells, rather than as many as sites want */
};

struct asking {
    struct job job;
    struct director *director;
    foretold_fn *told;
    void *context;
    struct question_asked question;
    struct foresight *foresight;
};

static void asking_free(struct asking *asking)
{
    if (asking->foresight)
        foresight_free(asking->foresight);
    free((void *)asking->question.what);
    free((void *)asking->question.sites);
    free(asking);
}

static void run_asking(struct job *job)
{
    foresight_run(((struct asking *)job)->foresight);
}

static void end_asking(struct job *job)
{
    struct asking *asking = (struct asking *)job;
    asking->told(asking->context, foresight_json(asking->foresight), NULL);
    asking_free(asking);
}

/* The calls that there are, as the balancer weighs demand; the caller frees the flows. */
static struct flow *calls_now(const struct balance_view *view, struct clientele *ret)
{
    struct flow *flows = mem_copy(view->input->flows, view->input->flow_count * sizeof *flows);
    for (size_t i = 0; i < view->input->flow_count; i++) {
        flows[i].rate = view->calls[i].calls;
        ret->calls += flows[i].rate;
    }
    ret->flows = flows;
    ret->flow_count = view->input->flow_count;
    return flows;
}

/* 0: some site does not tell. */
static double calls_told(const struct setup *setup)
{
    double sum = 0;
    for (size_t i = 0; i < world_config(setup->world)->site_count; i++) {
        if (!setup->meters.sites[i].counted)
            return 0;
        sum += setup->meters.sites[i].live;
    }
    return sum;
}

/* With calls given, demand alone is taken. */
struct flow *clientele_now(const struct director *director, double calls, struct clientele *ret)
{
    const struct setup *setup = director->setup;
    struct balance_view view;
    size_t count;
    *ret = (struct clientele){.calls = 0, .report = balance_report(director->moves.balance, setup)};
    struct flow *flows = demand_flows(audience_demand(director->audience), geo_classes(place_geo(setup->place)),
                                      world_config(setup->world)->service_count, &count, &ret->by_demand);
    if (calls == 0 && ret->by_demand && balance_look(director->moves.balance, &view) && view.measured && view.held->world == setup->world &&
        view.held->place == setup->place) {
        free(flows);
        flows = calls_now(&view, ret);
        ret->measured = ret->calls > 0;
        return flows;
    }
    ret->flows = flows;
    ret->flow_count = ret->by_demand ? count : 0;
    ret->calls = calls;
    return flows;
}

static struct foresight *foresight_of(const struct director *director, const struct question_asked *question, struct error *err)
{
    struct supposition supposition;
    enum foreseen what;
    if (!foreseen_parse(question->what, &what)) {
        error_set(err, "\"what\" must be fail, drain, capacity or nothing");
        return NULL;
    }
    if (!supposition_read(world_config(director->setup->world), what, question->sites, &supposition, err))
        return NULL;
    struct clientele clientele;
    struct flow *flows = clientele_now(director, question->calls, &clientele);
    if (question->present && !clientele.measured)
        clientele.calls = calls_told(director->setup);
    struct foresight *foresight = foresight_new(director->setup, &supposition, &clientele, false, err);
    free(flows);
    return foresight;
}

static void run_nothing(struct job *job)
{
    (void)job;
}

static void begin(struct job *job)
{
    struct asking *asking = (struct asking *)job;
    struct director *director = asking->director;
    struct error err;
    if (director->stopping) {
        asking->told(asking->context, NULL, "the daemon is stopping");
        asking_free(asking);
        return;
    }
    if (director->moves.running) { /* what it knows is not to be looked at meanwhile: behind it */
        asking->job = (struct job){.run = run_nothing, .done = begin};
        work_push(director->moves.work, &asking->job);
        return;
    }
    asking->foresight = foresight_of(director, &asking->question, &err);
    if (!asking->foresight) {
        asking->told(asking->context, NULL, err.text);
        asking_free(asking);
        return;
    }
    asking->job = (struct job){.run = run_asking, .done = end_asking};
    work_push(director->loader, &asking->job);
}

static void ask(struct director *director, const struct question_asked *question, foretold_fn *done, void *context)
{
    struct asking *asking = mem_new(1, sizeof *asking);
    *asking = (struct asking){.director = director, .told = done, .context = context, .question = *question};
    asking->question.what = mem_text(question->what);
    asking->question.sites = question->sites ? mem_text(question->sites) : NULL;
    begin(&asking->job);
}

void foretell(struct director *director, const char *what, const char *sites, double calls, foretold_fn *done, void *context)
{
    ask(director, &(struct question_asked){.what = what, .sites = sites, .calls = calls}, done, context);
}

void foretell_present(struct director *director, const char *what, const char *sites, foretold_fn *done, void *context)
{
    setup_look(director->setup, clock_ms());
    ask(director, &(struct question_asked){.what = what, .sites = sites, .present = true}, done, context);
}
