#include "platform/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { KEPT = 1u << CAP_NET_BIND_SERVICE | 1u << CAP_NET_RAW };

/* glibc has no capset(); libcap would be a library for this one call. */
static bool set_capabilities(unsigned wanted)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    const unsigned kept = data[0].permitted & wanted; /* a container may have been given less */
    memset(data, 0, sizeof data);
    data[0].permitted = data[0].effective = kept;
    return syscall(SYS_capset, &header, data) == 0;
}

/* The capabilities outlast setuid() as permitted ones only, and only when asked to. */
static bool change_user(const struct passwd *to)
{
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && initgroups(to->pw_name, to->pw_gid) == 0 && setgid(to->pw_gid) == 0 &&
           setuid(to->pw_uid) == 0 && set_capabilities(KEPT) && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0;
}

bool privileges_become(const char *user, struct error *err)
{
    errno = 0;
    const struct passwd *to = getpwnam(user);
    if (!to)
        return error_set(err, "there is no user %s%s%s", user, errno ? ": " : "", errno ? strerror(errno) : "");
    if (to->pw_uid == 0)
        return error_set(err, "%s is root: name a user without rights", user);
    if (getuid() == to->pw_uid && geteuid() == to->pw_uid)
        return true;
    if (geteuid() != 0)
        return error_set(err, "only root may become the user %s", user);
    if (!change_user(to))
        return error_set(err, "cannot become the user %s: %s", user, strerror(errno));
    return true;
}
