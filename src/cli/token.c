/* sipsteer token new|list|remove: lines of the token file. The daemon reads it when it has changed. */
#include "cli/token.h"

#include "base/memory.h"
#include "config/config.h"
#include "http/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_WRONG = 1, EXIT_USAGE = 2, FILE_MODE = 0640 };

static const char default_config[] = "/etc/sipsteer/sipsteer.conf";

static const char usage[] =
    "usage: sipsteer [-c FILE] token new NAME --role view|operate\n"
    "       sipsteer [-c FILE] token list\n"
    "       sipsteer [-c FILE] token remove NAME\n"
    "\n"
    "Who may do what over HTTP: lines NAME ROLE HASH in the file that http.tokens of the configuration names.\n"
    "new makes a token and prints it, this once; the file holds its SHA-256 alone. The daemon sees within 2 s that the file has changed.\n"
    "\n"
    "  -c, --config FILE  the configuration; default: /etc/sipsteer/sipsteer.conf\n"
    "      --file TOKENS  this file instead of the configuration's\n"
    "      --role ROLE    view: may ask; operate: may give orders, too\n"
    "\n"
    "Exit: 0 done, 1 refused or found wrong, 2 usage.\n";

struct options {
    const char *config, *file, *role;
};

static int fail_with(const char *path, const char *text)
{
    fprintf(stderr, "sipsteer: %s%s%s\n", path, *path ? ": " : "", text);
    return EXIT_WRONG;
}

static void print_errors(const struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].severity == SEVERITY_ERROR)
            fail_with("", report->findings[i].text);
}

/* The caller frees; NULL has been told. */
static char *find_path(const struct options *options)
{
    struct report report;
    if (options->file)
        return mem_text(options->file);
    const char *config_path = options->config ? options->config : default_config;
    report_init(&report);
    struct config *config = config_load(config_path, &report);
    char *path = config && config->http.tokens ? mem_text(config->http.tokens) : NULL;
    if (!config)
        print_errors(&report);
    else if (!path)
        fail_with(config_path, "no http.tokens, expected the file of the tokens");
    config_unref(config);
    report_release(&report);
    return path;
}

/* NULL has been told. */
static struct tokens *load(const char *path)
{
    struct report report;
    report_init(&report);
    struct tokens *tokens = tokens_load(path, &report);
    print_errors(&report);
    report_release(&report);
    return tokens;
}

static bool is_there(const struct tokens *tokens, const char *name)
{
    for (size_t i = 0; i < tokens_count(tokens); i++)
        if (strcmp(tokens_name(tokens, i), name) == 0)
            return true;
    return false;
}

/* Whether the path still leads to what is open: another of us may have replaced it while we waited. */
static bool is_current(const char *path, int fd)
{
    struct stat open_one, named;
    return fstat(fd, &open_one) == 0 && stat(path, &named) == 0 && open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* Locked against another of us until it is closed. A new one is not for everybody to read. -1 has been told. */
static int open_locked(const char *path, int flags)
{
    int fd;
    while ((fd = open(path, flags | O_CLOEXEC, FILE_MODE)) >= 0 && flock(fd, LOCK_EX) == 0) {
        if (is_current(path, fd))
            return fd;
        close(fd);
    }
    fail_with(path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A new file belongs to the folder's group: the daemon's, who must read it. Where that may not be said, it stays as it is. */
static void give_group(const char *path, int fd)
{
    struct stat of, folder;
    const char *slash = strrchr(path, '/');
    char *above = slash ? mem_format("%.*s/", (int)(slash - path), path) : mem_text(".");
    if (fstat(fd, &of) == 0 && of.st_size == 0 && stat(above, &folder) == 0 && fchown(fd, (uid_t)-1, folder.st_gid) < 0)
        errno = 0;
    free(above);
}

/* One line more, whole and on disk. A file whose last line has no end gets one first. */
static bool append(int fd, const char *name, const char *role, const char *hash)
{
    char last = '\n';
    const off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0 || (end > 0 && pread(fd, &last, 1, end - 1) != 1))
        return false;
    char *line = mem_format("%s%s %s %s\n", last == '\n' ? "" : "\n", name, role, hash);
    const bool written = write(fd, line, strlen(line)) == (ssize_t)strlen(line) && fsync(fd) == 0;
    free(line);
    return written;
}

static int make(const char *path, int fd, const char *name, const char *role)
{
    char token[TOKEN_TEXT], hash[TOKEN_HASH_TEXT];
    struct tokens *tokens = load(path);
    const bool taken = tokens && is_there(tokens, name), full = tokens && tokens_count(tokens) >= TOKENS_MAX;
    tokens_free(tokens);
    if (!tokens)
        return EXIT_WRONG;
    if (taken || full)
        return fail_with(path, taken ? "there is a token of that name" : "there are as many tokens as there may be");
    if (!token_make(token, hash))
        return fail_with("", "the system gives no random octets");
    if (!append(fd, name, role, hash))
        return fail_with(path, strerror(errno));
    printf("%s\n", token);
    fprintf(stderr, "This is the token of %s, with the role %s. It is shown this once.\n", name, role);
    return EXIT_DONE;
}

static int verb_new(const char *path, const char *name, const char *role_given)
{
    enum role role;
    if (!token_is_name(name))
        return fail_with("", "the name must be 1 to 63 letters, digits, \"-\", \"_\" and \".\"");
    if (!role_given || !role_parse(role_given, &role))
        return fail_with("", "--role takes view or operate");
    const int fd = open_locked(path, O_RDWR | O_CREAT);
    if (fd < 0)
        return EXIT_WRONG;
    give_group(path, fd);
    const int code = make(path, fd, name, role_given);
    close(fd);
    return code;
}

static int verb_list(const char *path)
{
    struct tokens *tokens = load(path);
    if (!tokens)
        return EXIT_WRONG;
    for (size_t i = 0; i < tokens_count(tokens); i++)
        printf("%-8s %s\n", role_text(tokens_role(tokens, i)), tokens_name(tokens, i));
    tokens_free(tokens);
    return EXIT_DONE;
}

/* All lines but the name's, written aside; comments stay. */
static bool copy_without(FILE *from, FILE *to, const char *name)
{
    char *line = NULL;
    size_t room = 0;
    const size_t len = strlen(name);
    while (getline(&line, &room, from) > 0) {
        const char *word = line + strspn(line, " \t");
        if (strncmp(word, name, len) != 0 || !strchr(" \t", word[len]))
            fputs(line, to);
    }
    free(line);
    return !ferror(from) && fflush(to) == 0 && fsync(fileno(to)) == 0;
}

/* The file is replaced whole, with the owner and mode that it had. */
static int replace(const char *path, int fd, const char *name)
{
    struct stat of;
    char *aside = mem_format("%s.new", path);
    const int to_fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    FILE *from = fdopen(dup(fd), "r"), *to = to_fd >= 0 ? fdopen(to_fd, "w") : NULL;
    bool done = from && to && fstat(fd, &of) == 0 && fchmod(to_fd, of.st_mode & 07777) == 0;
    if (done && fchown(to_fd, of.st_uid, of.st_gid) < 0)
        done = of.st_uid == geteuid();
    done = done && copy_without(from, to, name) && rename(aside, path) == 0;
    const int code = done ? EXIT_DONE : fail_with(path, strerror(errno));
    if (!done)
        unlink(aside);
    if (from)
        fclose(from);
    if (to)
        fclose(to);
    free(aside);
    return code;
}

static int verb_remove(const char *path, const char *name)
{
    const int fd = open_locked(path, O_RDONLY);
    if (fd < 0)
        return EXIT_WRONG;
    struct tokens *tokens = load(path);
    const bool there = tokens && is_there(tokens, name);
    int code = EXIT_WRONG;
    if (there)
        code = replace(path, fd, name);
    else if (tokens)
        fail_with(path, "there is no token of that name");
    tokens_free(tokens);
    close(fd);
    return code;
}

static int run(const struct options *options, char **words, int count)
{
    const char *verb = count > 1 ? words[1] : "";
    const bool of_all = strcmp(verb, "list") == 0, new = strcmp(verb, "new") == 0, old = strcmp(verb, "remove") == 0;
    if (!(of_all && count == 2) && !((new || old) && count == 3)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (options->role && !new) {
        fputs("sipsteer: only token new takes --role\n", stderr);
        return EXIT_USAGE;
    }
    char *path = find_path(options);
    if (!path)
        return EXIT_WRONG;
    const int code = of_all ? verb_list(path) : new ? verb_new(path, words[2], options->role) : verb_remove(path, words[2]);
    free(path);
    return code;
}

int token_main(int argc, char **argv)
{
    enum { OPTION_FILE = 256, OPTION_ROLE };
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"file", required_argument, NULL, OPTION_FILE},
                                            {"role", required_argument, NULL, OPTION_ROLE},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct options given = {0};
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c': given.config = optarg; break;
        case OPTION_FILE: given.file = optarg; break;
        case OPTION_ROLE: given.role = optarg; break;
        case 'h': fputs(usage, stdout); return EXIT_DONE;
        default: fputs(usage, stderr); return EXIT_USAGE;
        }
    }
    return run(&given, argv + optind, argc - optind);
}
