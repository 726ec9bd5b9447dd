// Input and output are anonymous files rather than pipes: a ruleset of any size is written before
// the program starts, its output is read after it has ended, and neither side can block the other.
#include "firewall/program.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

namespace weir::firewall {

namespace {

constexpr std::string_view system_folders =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

class File {
 public:
  File() : fd_(memfd_create("weir-firewall", MFD_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  [[nodiscard]] bool write_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = write(fd_, text.data(), text.size());
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        return false;
      }
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return lseek(fd_, 0, SEEK_SET) == 0;
  }

  [[nodiscard]] std::string read_all() const {
    std::string text;
    std::array<char, 65536> buffer{};
    if (lseek(fd_, 0, SEEK_SET) != 0) {
      return text;
    }
    for (;;) {
      const ssize_t n = read(fd_, buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        return text;
      }
      text.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }

 private:
  int fd_;
};

Error failed(const std::string& what, int code) { return Error(what + ": " + strerror(code)); }

std::string search_path() {
  const char* path = getenv("PATH");
  std::string folders = path != nullptr ? path : "";
  if (!folders.empty()) {
    folders += ':';
  }
  return folders.append(system_folders);
}

// The file of a program, or "".
std::string find(const std::string& program) {
  const std::string folders = search_path();
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    std::string file = folders.substr(begin, end - begin) + "/" + program;
    if (end > begin && access(file.c_str(), X_OK) == 0) {
      return file;
    }
    begin = end + 1;
  }
  return "";
}

// The environment: little, so that messages are the same everywhere.
std::vector<std::string> environment() { return {"PATH=" + search_path(), "LC_ALL=C"}; }

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (std::string& string : strings) {
    list.push_back(string.data());
  }
  list.push_back(nullptr);
  return list;
}

// The caller may block or ignore signals; the program gets them as they come from the factory.
void reset_signals(posix_spawnattr_t& attributes) {
  sigset_t none;
  sigset_t ordinary;
  sigemptyset(&none);
  sigfillset(&ordinary);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &ordinary);
  // A group of its own: what it starts can be ended with it.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

int start(pid_t& pid, const std::string& file, std::vector<std::string> arguments,
          const std::array<const File*, 3>& files) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (int i = 0; i < 3; ++i) {
    posix_spawn_file_actions_adddup2(&actions, files[static_cast<std::size_t>(i)]->fd(), i);
  }
  reset_signals(attributes);
  std::vector<std::string> variables = environment();
  const int code = posix_spawn(&pid, file.c_str(), &actions, &attributes,
                               pointers(arguments).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

// Its status, once it has ended; none: it has not.
Result<std::optional<int>> try_wait(pid_t pid, int options) {
  int status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(pid, &status, options)) < 0) {
    if (errno != EINTR) {
      return failed("waitpid", errno);
    }
  }
  return ended == pid ? std::optional(status) : std::nullopt;
}

// Looks again and again, ever more rarely: most end within a few milliseconds.
Result<std::optional<int>> wait_for(pid_t pid, Milliseconds timeout) {
  using std::chrono::steady_clock;
  constexpr std::chrono::microseconds max_between{5'000};
  const auto until = steady_clock::now() + timeout;
  std::chrono::microseconds between{100};
  while (true) {
    auto ended = try_wait(pid, WNOHANG);
    if (!ended || ended.value() || steady_clock::now() >= until) {
      return ended;
    }
    std::this_thread::sleep_for(between);
    between = std::min(between * 2, max_between);
  }
}

}  // namespace

Result<Ended> run_program(const std::vector<std::string>& arguments, const std::string& input,
                          Milliseconds timeout) {
  const std::string& name = arguments.front();
  const std::string file = find(name);
  if (file.empty()) {
    return Error(name + " is not installed");
  }
  const File in;
  const File out;
  const File err;
  if (in.fd() < 0 || out.fd() < 0 || err.fd() < 0 || !in.write_all(input)) {
    return failed("cannot start " + name, errno);
  }
  pid_t pid = 0;
  if (const int code = start(pid, file, arguments, {&in, &out, &err}); code != 0) {
    return failed("cannot start " + name, code);
  }
  auto ended = wait_for(pid, timeout);
  if (ended && !ended.value()) {
    constexpr Milliseconds to_die{1'000};
    kill(-pid, SIGKILL);
    static_cast<void>(wait_for(pid, to_die));
    return Error(name + " did not end within " + std::to_string(timeout.count() / 1'000) +
                 " s, and was killed");
  }
  if (!ended) {
    return ended.error().with_context("cannot wait for " + name);
  }
  const int status = *ended.value();
  return Ended{.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
               .output = out.read_all(),
               .errors = err.read_all()};
}

std::string first_line(const std::string& text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    // iptables warns of files that are not needed before it says what is wrong.
    const bool says_something =
        line.find_first_not_of(" \t\r") != std::string::npos && line.rfind("Warning: ", 0) != 0;
    if (says_something) {
      // Our own script's messages begin with our name, as the caller's will.
      return line.rfind("weir: ", 0) == 0 ? line.substr(6) : line;
    }
    begin = end + 1;
  }
  return "";
}

bool may_change_the_network() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) {
    return true;  // let the kernel say
  }
  return (data[0].effective & (1U << CAP_NET_ADMIN)) != 0;
}

bool is_installed(const std::string& program) { return !find(program).empty(); }

}  // namespace weir::firewall
