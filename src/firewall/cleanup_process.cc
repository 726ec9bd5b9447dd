// A script comes as its size, eight bytes as they are in memory (both ends are this program), and
// its text. Size 0 is the goodbye. A script that breaks off in the middle does not count.
#include "firewall/cleanup_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "base/abstract_name.h"
#include "firewall/program.h"
#include "firewall/time_wait.h"

namespace weir::firewall {

namespace {

using Size = std::uint64_t;
constexpr int pipe_end = STDIN_FILENO;
constexpr int name_holder = 3;
constexpr std::string_view name = "weir-firewall-guardian";
constexpr std::chrono::seconds timeout{10};
constexpr int pause_ms = 20;

Error failed(const std::string& what, int code) { return Error(what + ": " + strerror(code)); }

// The abstract name belongs to the network namespace, as the rules do. Any user may take it: one
// that is neither ours nor root's is no gateway's cleanup process.
bool is_strangers() {
  const auto holder = holder_of_abstract_name(name);
  return holder && *holder != 0 && *holder != geteuid();
}

// The socket without the name is what is left where a stranger has it.
struct Named {
  Descriptor socket;
  std::string warning;
};

Result<Named> take_name() {
  Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    if (errno != EADDRINUSE) {
      return failed("cannot start the cleanup process", errno);
    }
    if (is_strangers()) {
      return Named{
          std::move(socket),
          "another user holds the name of the firewall's cleanup process (@" + std::string(name) +
              "): the cleanup process does without it; a gateway that starts while it works "
              "will not wait for it"};
    }
    if (std::chrono::steady_clock::now() > until) {
      return Error("cannot start the cleanup process: another gateway's is still there");
    }
    (void)poll(nullptr, 0, pause_ms);
  }
  return Named{std::move(socket), {}};
}

bool write_all(int fd, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return false;
    }
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool read_all(int fd, char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t n = read(fd, bytes, size);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return false;
    }
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

int spawn(pid_t& pid, int pipe, int holder) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, pipe, pipe_end);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, holder, name_holder);
  posix_spawn_file_actions_addclosefrom_np(&actions, name_holder + 1);
  // Signals to the gateway's group, or its session's end, are not for the cleanup process.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  std::string program = "weir";
  std::string command = "guard";
  std::array<char*, 3> arguments{program.data(), command.data(), nullptr};
  const int code =
      posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

}  // namespace

Result<std::unique_ptr<CleanupProcess>> CleanupProcess::start() {
  auto holder = take_name();
  if (!holder) {
    return holder.error();
  }
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return failed("cannot start the cleanup process", errno);
  }
  const Descriptor theirs(ends[0]);
  Descriptor ours(ends[1]);
  pid_t pid = 0;
  if (const int code = spawn(pid, theirs.get(), holder.value().socket.get()); code != 0) {
    return failed("cannot start the cleanup process", code);
  }
  std::unique_ptr<CleanupProcess> made(new CleanupProcess(pid, Descriptor(), std::move(ours)));
  made->warning_ = std::move(holder.value().warning);
  return made;
}

std::unique_ptr<CleanupProcess> CleanupProcess::inherit(Descriptor pipe, Descriptor process) {
  return std::unique_ptr<CleanupProcess>(
      new CleanupProcess(0, std::move(process), std::move(pipe)));
}

CleanupProcess::Shared CleanupProcess::share() const {
  // An inherited one is passed on; what libc has no function for, the kernel has.
  const int process = pid_ != 0 ? static_cast<int>(syscall(SYS_pidfd_open, pid_, 0))
                                : fcntl(process_.get(), F_DUPFD_CLOEXEC, 0);
  return {.pipe = pipe_.get(), .process = Descriptor(process)};
}

void CleanupProcess::leave() { pipe_.reset(); }

CleanupProcess::~CleanupProcess() {
  if (!pipe_.valid()) {
    return;
  }
  const Size goodbye = 0;
  (void)write_all(pipe_.get(), &goodbye, sizeof(goodbye));
  pipe_.reset();
  while (pid_ != 0 && waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool CleanupProcess::is_alive() {
  if (process_.valid()) {
    pollfd ended{.fd = process_.get(), .events = POLLIN, .revents = 0};
    return poll(&ended, 1, 0) == 0;
  }
  if (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) != 0) {
    pid_ = 0;
  }
  return pid_ != 0;
}

Result<> CleanupProcess::set_exit_script(const std::string& script) {
  const Size size = script.size();
  if (!write_all(pipe_.get(), &size, sizeof(size)) ||
      !write_all(pipe_.get(), script.data(), script.size())) {
    return failed("the firewall's cleanup process is gone", errno);
  }
  return Ok{};
}

int run_cleanup_process() {
  // What ends the gateway must not end its cleanup process, which ends when its pipe does.
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) {
    signal(number, SIG_IGN);
  }
  std::string script;
  for (;;) {
    Size size = 0;
    if (!read_all(pipe_end, reinterpret_cast<char*>(&size), sizeof(size))) {
      break;
    }
    if (size == 0) {
      return 0;
    }
    std::string next(size, '\0');
    if (!read_all(pipe_end, next.data(), next.size())) {
      break;
    }
    script = std::move(next);
  }
  if (script.empty()) {
    return 0;
  }
  // Nothing waits for us, and no other program will do this: the lock of iptables may be held for
  // long.
  constexpr Milliseconds longest{600'000};
  const auto ended = run_program({"sh", "-s"}, script, longest);
  (void)forget_time_wait();
  return ended && ended.value().status == 0 ? 0 : 1;
}

}  // namespace weir::firewall
