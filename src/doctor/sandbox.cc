#include "doctor/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>

#include "base/descriptor.h"
#include "firewall/program.h"

namespace weir::doctor {

namespace {

constexpr std::chrono::seconds unit_timeout{30};

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n <= 0) {
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// The first letter says what the rest is.
constexpr char answer = 'a';
constexpr char error = 'e';

[[noreturn]] void child(int out, const std::function<std::string()>& act) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (unshare(CLONE_NEWNET) != 0) {
    write_all(out, std::string(1, error) + strerror(errno));
    _exit(1);
  }
  (void)firewall::run_program({"ip", "link", "set", "lo", "up"}, "");
  write_all(out, std::string(1, answer) + act());
  _exit(0);
}

// Until the child closes its end; false when that takes too long.
bool read_all(int in, std::string& text) {
  const auto until = std::chrono::steady_clock::now() + unit_timeout;
  std::array<char, 65536> buffer{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd wait{.fd = in, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) == 0) {
      return false;
    }
    const ssize_t n = read(in, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return true;
    }
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace

Result<std::string> in_new_network(const std::function<std::string()>& act) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error(std::string("cannot make a pipe: ") + strerror(errno));
  }
  const Descriptor in(ends[0]);
  Descriptor out(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) {
    return Error(std::string("cannot make a process: ") + strerror(errno));
  }
  if (pid == 0) {
    child(out.get(), act);
  }
  out.reset();
  std::string text;
  const bool ended = read_all(in.get(), text);
  if (!ended) {
    kill(pid, SIGKILL);
  }
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!ended || text.empty()) {
    return Error("the test in a network of its own did not end");
  }
  if (text.front() == error) {
    return Error("cannot make a network namespace: " + text.substr(1));
  }
  return text.substr(1);
}

}  // namespace weir::doctor
