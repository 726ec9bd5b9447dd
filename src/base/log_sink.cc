// Two kinds of targets. Streams (standard error, files) take bytes; the journal and syslog take one
// datagram a line.
//
// Standard error is the hard one. It is shared with the process that started us, so making it
// non-blocking would change their side too; yet a pipe whose reader has stopped must not hold us
// up. A pipe that poll() calls writable takes PIPE_BUF bytes without blocking, so pipes and
// terminals get that much at a time; sockets (systemd's) take MSG_DONTWAIT; regular files never
// make us wait.
#include "base/log_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <string>

#include "base/descriptor.h"

namespace weir {
namespace {

Error system_trouble(const std::string& what) {
  return Error(what + ": " + std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
}

LogSink::Progress trouble(int error, std::size_t done) {
  using Outcome = LogSink::Outcome;
  switch (error) {
    case EAGAIN:
    case EINTR:
      return {Outcome::wait, done, error};
    case EPIPE:
    case EBADF:
    case EMSGSIZE:
    case EINVAL:
      return {Outcome::gone, done, error};
    default:  // ENOSPC, EDQUOT, EIO, ENOBUFS, ECONNREFUSED: the operator may fix it
      return {Outcome::retry, done, error};
  }
}

class StreamSink final : public LogSink {
 public:
  enum class Kind : std::uint8_t { file, pipe, socket };

  StreamSink(int fd, Descriptor owned) : fd_(fd), owned_(std::move(owned)) {
    struct stat status {};
    if (fstat(fd_, &status) == 0) {
      kind_ = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? Kind::file
              : S_ISSOCK(status.st_mode)                         ? Kind::socket
                                                                 : Kind::pipe;
    }
  }

  Progress write(LogLevel /*level*/, std::string_view text) override {
    std::size_t done = 0;
    while (done < text.size()) {
      const auto n = write_some(text.substr(done));
      if (n < 0) {
        return trouble(errno, done);
      }
      done += static_cast<std::size_t>(n);
    }
    return {Outcome::written, done, 0};
  }

  [[nodiscard]] int fd() const override { return fd_; }

 private:
  ssize_t write_some(std::string_view text) const {
    switch (kind_) {
      case Kind::socket:
        return send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      case Kind::pipe: {
        pollfd waiting{fd_, POLLOUT, 0};
        if (poll(&waiting, 1, 0) == 0) {
          errno = EAGAIN;
          return -1;
        }
        return ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
      }
      case Kind::file:
        break;
    }
    return ::write(fd_, text.data(), text.size());
  }

  int fd_;
  Descriptor owned_;
  Kind kind_ = Kind::pipe;
};

// The priorities of syslog(3).
int priority_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return 7;
    case LogLevel::info:
      return 6;
    case LogLevel::warning:
      return 4;
    case LogLevel::error:
      return 3;
  }
  return 3;
}

class DatagramSink : public LogSink {
 public:
  explicit DatagramSink(std::string path) : path_(std::move(path)) {}

  Result<> connect() {
    Descriptor made(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made.valid()) {
      return system_trouble("cannot make a socket");
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return system_trouble("cannot reach " + path_);
    }
    socket_ = std::move(made);
    return Ok{};
  }

  Progress write(LogLevel level, std::string_view text) override {
    std::size_t done = 0;
    while (done < text.size()) {
      const auto end = text.find('\n', done);
      const auto line = text.substr(done, end - done);
      datagram_.clear();
      encode(datagram_, level, line);
      auto sent = ::send(socket_.get(), datagram_.data(), datagram_.size(), MSG_NOSIGNAL);
      if (sent < 0 && (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET) &&
          connect().ok()) {  // it was restarted
        sent = ::send(socket_.get(), datagram_.data(), datagram_.size(), MSG_NOSIGNAL);
      }
      if (sent < 0) {
        return trouble(errno, done);
      }
      done = end == std::string_view::npos ? text.size() : end + 1;
    }
    return {Outcome::written, done, 0};
  }

  [[nodiscard]] int fd() const override { return socket_.get(); }

 protected:
  virtual void encode(std::string& out, LogLevel level, std::string_view line) = 0;

 private:
  std::string path_;
  Descriptor socket_;
  std::string datagram_;
};

// systemd's native protocol: FIELD=value lines. Ours hold no line breaks, so none needs framing.
class JournalSink final : public DatagramSink {
 public:
  JournalSink() : DatagramSink("/run/systemd/journal/socket") {}

 protected:
  void encode(std::string& out, LogLevel level, std::string_view line) override {
    out += "SYSLOG_IDENTIFIER=weir\nPRIORITY=";
    out += std::to_string(priority_of(level));
    out += "\nMESSAGE=";
    out += line;
    out += '\n';
  }
};

// What syslog(3) sends to /dev/log: "<PRI>Nov 21 04:08:00 weir[123]: …", facility daemon.
class SyslogSink final : public DatagramSink {
 public:
  SyslogSink() : DatagramSink("/dev/log") {}

 protected:
  void encode(std::string& out, LogLevel level, std::string_view line) override {
    constexpr int daemon = 3;
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    std::array<char, 32> when{};
    const auto length = std::strftime(when.data(), when.size(), "%b %e %H:%M:%S ", &local);
    out += '<' + std::to_string(daemon * 8 + priority_of(level)) + '>';
    out.append(when.data(), length);
    out += "weir[" + std::to_string(getpid()) + "]: ";
    out += line;
  }
};

Result<std::unique_ptr<LogSink>> open_file(const std::string& path) {
  // Non-blocking matters for a named pipe; regular files take no notice.
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  Descriptor file(::open(path.c_str(), flags, 0640));
  if (!file.valid()) {
    return system_trouble("cannot open the log " + path);
  }
  const int fd = file.get();
  return std::unique_ptr<LogSink>(std::make_unique<StreamSink>(fd, std::move(file)));
}

template <typename Sink>
Result<std::unique_ptr<LogSink>> open_datagram(const char* what) {
  auto sink = std::make_unique<Sink>();
  if (auto connected = sink->connect(); !connected) {
    return connected.error().with_context(what);
  }
  return std::unique_ptr<LogSink>(std::move(sink));
}

}  // namespace

Result<std::unique_ptr<LogSink>> LogSink::open(const LogSettings& settings) {
  switch (settings.target) {
    case LogTarget::standard_error:
      return std::unique_ptr<LogSink>(std::make_unique<StreamSink>(STDERR_FILENO, Descriptor()));
    case LogTarget::file:
      return open_file(settings.path);
    case LogTarget::journal:
      return open_datagram<JournalSink>("cannot log to the journal");
    case LogTarget::syslog:
      return open_datagram<SyslogSink>("cannot log to syslog");
  }
  return Error("no such log target");
}

}  // namespace weir
