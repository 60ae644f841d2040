#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RIGHT = 0, STAYED_ROOT, BECAME_ROOT_AGAIN, OTHER_GROUPS, OTHER_CAPABILITIES, REFUSED };

static struct __user_cap_data_struct capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    syscall(SYS_capget, &header, data);
    return data[0];
}

/* In a child, as there is no way back. */
static int become_nobody(void)
{
    struct error err;
    const struct passwd *nobody = getpwnam("nobody");
    const uid_t uid = nobody->pw_uid;
    const gid_t gid = nobody->pw_gid;
    const unsigned before = capabilities().permitted;
    gid_t groups[4];
    if (!privileges_become("nobody", &err) || !privileges_become("nobody", &err))
        return REFUSED;
    if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid)
        return STAYED_ROOT;
    if (setuid(0) == 0 || seteuid(0) == 0)
        return BECAME_ROOT_AGAIN;
    if (getgroups(4, groups) != 1 || groups[0] != gid)
        return OTHER_GROUPS;
    const unsigned kept = (1u << CAP_NET_BIND_SERVICE | 1u << CAP_NET_RAW) & before;
    const struct __user_cap_data_struct now = capabilities();
    return now.permitted == kept && now.effective == kept && now.inheritable == 0 ? RIGHT : OTHER_CAPABILITIES;
}

static void root_becomes_the_user_for_good_and_keeps_ports_and_icmp(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    const pid_t child = fork();
    if (child == 0)
        _exit(become_nobody());
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), RIGHT);
}

static void nobody_may_become_another(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    const pid_t child = fork();
    if (child == 0) {
        struct error err = {0};
        _exit(privileges_become("nobody", &err) && !privileges_become("daemon", &err) && strstr(err.text, "only root") ? RIGHT : REFUSED);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == RIGHT);
}

static void a_user_that_is_not_there_is_told(void **state)
{
    (void)state;
    struct error err;
    assert_false(privileges_become("no-such-user", &err));
    assert_string_equal(err.text, "there is no user no-such-user");
}

static void root_is_no_user_without_rights(void **state)
{
    (void)state;
    struct error err;
    assert_false(privileges_become("root", &err));
    assert_string_equal(err.text, "root is root: name a user without rights");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_becomes_the_user_for_good_and_keeps_ports_and_icmp),
        cmocka_unit_test(nobody_may_become_another),
        cmocka_unit_test(a_user_that_is_not_there_is_told),
        cmocka_unit_test(root_is_no_user_without_rights),
    };
    return cmocka_run_group_tests_name("privileges", tests, NULL, NULL);
}
