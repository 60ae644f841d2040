#include "sim/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    COLUMNS = 3,
    PANEL_W = 320,
    PANEL_H = 150,
    GAP_W = 56,
    GAP_H = 44,
    LEFT = 48,
    TOP = 96,
    POINTS_MAX = 400, /* of a line: more would not be seen */
    MINUTE_MS = 60000
};

struct canvas {
    FILE *to;
    const struct config *config;
    const struct scenario *scenario;
    const struct sim_result *results;
    size_t count;
    double top_percent; /* of the scale */
};

struct corner {
    double x, y;
};

static const char style[] =
    "  text { font: 12px system-ui, sans-serif; } .title { font-size: 18px; font-weight: 600; } .site { font-weight: 600; }\n"
    "  .small { font-size: 10px; } .panel, .limit, .p { fill: none; } .grid { stroke-width: 0.5; }\n"
    "  .event { fill-opacity: 0.2; } .mark { stroke-dasharray: 2 3; } .target { stroke-dasharray: 6 3; }\n"
    "  .p { stroke-width: 1.3; stroke-linejoin: round; } .p0 { stroke-width: 2; }\n";

/* What has a colour, on light ground and on dark. Lines differ also for the colour-blind (after Okabe and Ito). Written out twice: programs that show
 * SVG know style sheets, but often neither variables nor @media. */
static const struct colour {
    const char *class, *what, *light, *dark;
} colours[] = {
    {".ground", "fill", "#ffffff", "#0d1117"},   {"text", "fill", "#1b1f24", "#e6edf3"},
    {".small", "fill", "#6a737d", "#8b949e"},    {".panel, .grid", "stroke", "#d0d7de", "#30363d"},
    {".event", "fill", "#8b949e", "#8b949e"},    {".mark", "stroke", "#8b949e", "#6a737d"},
    {".target", "stroke", "#57606a", "#9aa4ae"}, {".limit", "stroke", "#b3261e", "#ff7b72"},
    {".p0", "stroke", "#0060a8", "#388bfd"},     {".p1", "stroke", "#c25a00", "#f0883e"},
    {".p2", "stroke", "#007a5a", "#3fcf9f"},     {".p3", "stroke", "#a8508a", "#e08ac4"},
    {".p4", "stroke", "#2f9fd0", "#a5d6ff"},
};

static void write_style(FILE *to)
{
    fprintf(to, "<style>\n%s", style);
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        fprintf(to, "  %s { %s: %s; }\n", colours[i].class, colours[i].what, colours[i].light);
    fputs("  @media (prefers-color-scheme: dark) {\n", to);
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        fprintf(to, "    %s { %s: %s; }\n", colours[i].class, colours[i].what, colours[i].dark);
    fputs("  }\n</style>\n", to);
}

static double x_of(const struct canvas *canvas, double ms)
{
    return ms / canvas->scenario->length_ms * PANEL_W;
}

static double y_of(const struct canvas *canvas, double percent)
{
    return PANEL_H - fmin(percent, canvas->top_percent) / canvas->top_percent * PANEL_H;
}

static void draw_line(const struct canvas *canvas, const char *class, const float *samples, size_t count)
{
    const size_t step = count / POINTS_MAX + 1;
    fprintf(canvas->to, "<polyline class=\"%s\" points=\"", class);
    for (size_t i = 0; i < count; i += step)
        fprintf(canvas->to, "%.1f,%.1f ", x_of(canvas, (double)i * SIM_SAMPLE_S * 1000), y_of(canvas, samples[i]));
    fputs("\"/>\n", canvas->to);
}

static void draw_grid(const struct canvas *canvas)
{
    for (int percent = 0; percent <= canvas->top_percent; percent += 50)
        fprintf(canvas->to,
                "<line class=\"grid\" x1=\"0\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"small\" x=\"-6\" y=\"%.1f\" "
                "text-anchor=\"end\">%d %%</text>\n",
                PANEL_W, y_of(canvas, percent), y_of(canvas, percent), y_of(canvas, percent) + 3, percent);
    const int minutes = (int)(canvas->scenario->length_ms / MINUTE_MS), step = minutes > 240 ? minutes / 4 : minutes > 60 ? 30 : 10;
    for (int minute = 0; minute <= minutes; minute += step)
        fprintf(canvas->to, "<text class=\"small\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d min</text>\n",
                x_of(canvas, (double)minute * MINUTE_MS), PANEL_H + 14, minute);
}

static bool concerns(const struct scenario_event *event, const struct config *config, unsigned site)
{
    if (event->endpoint >= 0)
        return config->endpoints[event->endpoint].site == site;
    for (size_t i = 0; i < event->site_count; i++)
        if (event->sites[i] == site)
            return true;
    return false;
}

/* What happens to the site is a shade behind its panel, what happens elsewhere a mark. */
static void draw_events(const struct canvas *canvas, unsigned site)
{
    static const char *const names[EVENT_KINDS] = {"fails", "flaps", "brown-out", "surge", "no reports"};
    for (size_t i = 0; i < canvas->scenario->event_count; i++) {
        const struct scenario_event *event = &canvas->scenario->events[i];
        const double from = x_of(canvas, event->at_ms);
        const double to = event->for_ms ? fmin(PANEL_W, x_of(canvas, (double)event->at_ms + event->for_ms)) : PANEL_W;
        if (from > PANEL_W)
            continue;
        if (concerns(event, canvas->config, site))
            fprintf(canvas->to,
                    "<rect class=\"event\" x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%d\"/><text class=\"small\" x=\"%.1f\" "
                    "y=\"12\">%s</text>\n",
                    from, fmax(1, to - from), PANEL_H, from + 3, names[event->kind]);
        else
            fprintf(canvas->to, "<line class=\"mark\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"/>\n", from, from, PANEL_H);
    }
}

static void draw_site(const struct canvas *canvas, unsigned site, struct corner at)
{
    const struct site *configured = &canvas->config->sites[site];
    const double target_y = y_of(canvas, configured->room.target);
    fprintf(canvas->to, "<g transform=\"translate(%.0f %.0f)\">\n<text class=\"site\" x=\"0\" y=\"-8\">%s</text>\n", at.x, at.y,
            configured->name);
    draw_grid(canvas);
    draw_events(canvas, site);
    fprintf(canvas->to, "<line class=\"target\" x1=\"0\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", PANEL_W, target_y, target_y);
    draw_line(canvas, "limit", canvas->results[0].sites[site].limit, canvas->results[0].sample_count);
    for (size_t i = canvas->count; i-- > 0;) {
        char class[] = "p p0";
        class[3] = (char)('0' + canvas->results[i].policy);
        draw_line(canvas, class, canvas->results[i].sites[site].load, canvas->results[i].sample_count);
    }
    fprintf(canvas->to, "<rect class=\"panel\" width=\"%d\" height=\"%d\"/>\n</g>\n", PANEL_W, PANEL_H);
}

/* The first letters that XML gives a meaning to are written out. */
static void write_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '&' || *text == '<')
            fputs(*text == '&' ? "&amp;" : "&lt;", to);
        else
            putc(*text, to);
    }
}

static double draw_key(const struct canvas *canvas, double x, const char *class, const char *text)
{
    fprintf(canvas->to, "<line class=\"%s\" x1=\"%.0f\" x2=\"%.0f\" y1=\"56\" y2=\"56\"/><text x=\"%.0f\" y=\"60\">%s</text>\n", class, x,
            x + 24, x + 30, text);
    double width = 56;
    for (const char *at = text; *at; at++)
        width += 7;
    return x + width;
}

static void draw_head(const struct canvas *canvas)
{
    fprintf(canvas->to, "<text class=\"title\" x=\"%d\" y=\"32\">", LEFT);
    write_text(canvas->to, canvas->scenario->title);
    fputs("</text>\n", canvas->to);
    double x = LEFT;
    for (size_t i = 0; i < canvas->count; i++) {
        char class[] = "p p0";
        class[3] = (char)('0' + canvas->results[i].policy);
        x = draw_key(canvas, x, class, sim_policy_text(canvas->results[i].policy));
    }
    x = draw_key(canvas, x, "target", "target");
    draw_key(canvas, x, "limit", "what it can take");
}

/* The scale holds what sites can take and what they had. */
static double scale_of(const struct config *config, const struct sim_result *results, size_t count)
{
    double top = 100;
    for (size_t i = 0; i < count; i++)
        for (size_t site = 0; site < config->site_count; site++)
            for (size_t k = 0; k < results[i].sample_count; k++)
                top = fmax(top, fmax(results[i].sites[site].load[k], results[i].sites[site].limit[k]));
    return fmin(top, 200) * 1.1;
}

char *chart_draw(const struct config *config, const struct scenario *scenario, const struct sim_result *results, size_t count)
{
    char *text = NULL;
    size_t len = 0;
    struct canvas canvas = {.to = open_memstream(&text, &len),
                            .config = config,
                            .scenario = scenario,
                            .results = results,
                            .count = count,
                            .top_percent = scale_of(config, results, count)};
    if (canvas.to == NULL)
        abort();
    const int rows = (int)((config->site_count + COLUMNS - 1) / COLUMNS);
    const int width = LEFT + COLUMNS * (PANEL_W + GAP_W), height = TOP + rows * (PANEL_H + GAP_H);
    fprintf(canvas.to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", width, height,
            width, height);
    write_style(canvas.to);
    fputs("<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n", canvas.to);
    draw_head(&canvas);
    for (unsigned i = 0; i < config->site_count; i++)
        draw_site(&canvas, i,
                  (struct corner){LEFT + (double)(i % COLUMNS) * (PANEL_W + GAP_W), TOP + (double)(i / COLUMNS) * (PANEL_H + GAP_H)});
    fputs("</svg>\n", canvas.to);
    fclose(canvas.to);
    return text;
}
