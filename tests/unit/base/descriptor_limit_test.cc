// In a process of its own each: a hard limit that was lowered stays so.
#include "base/descriptor_limit.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "catch.h"

namespace weir {
namespace {

// What `child` returns, of a process that may have 64 descriptors.
int in_a_process(const std::function<int()>& child) {
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    const rlimit limit{.rlim_cur = 32, .rlim_max = 64};
    _exit(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? child() : 99);
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

// Opens as many as there may be; returns how many descriptors there are then, with the lowest
// numbers as the kernel gives them.
int use_up() {
  int last = -1;
  for (int next = 0; (next = ::dup(STDERR_FILENO)) >= 0;) {
    last = next;
  }
  return last + 1;
}

}  // namespace

TEST_CASE("the limit is raised to what the system allows, but for an eighth") {
  CHECK(in_a_process([] { return static_cast<int>(raise_descriptor_limit()); }) == 56);
  CHECK(in_a_process([] {
          raise_descriptor_limit();
          return use_up();
        }) == 56);
}

TEST_CASE("spare descriptors can be opened while they may be used, and stay open") {
  CHECK(in_a_process([] {
          raise_descriptor_limit();
          use_up();
          int spare = -1;
          {
            const SpareDescriptors may_be_used;
            spare = ::dup(STDERR_FILENO);
          }
          const bool is_open = ::fcntl(spare, F_GETFD) >= 0;
          return is_open && ::dup(STDERR_FILENO) < 0 ? spare : -1;
        }) == 56);
  CHECK(in_a_process([] {
          raise_descriptor_limit();
          const SpareDescriptors may_be_used;
          return use_up();
        }) == 64);
}

}  // namespace weir
