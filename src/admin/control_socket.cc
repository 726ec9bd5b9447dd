#include "admin/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "admin/start_lock.h"

namespace weir {
namespace {

constexpr int backlog = 1024;

Error trouble(const std::string& what) {
  return Error(what + ": " + std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
}

Descriptor unix_socket() {
  return Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error("'" + path + "' can't be a socket: its path has 1 to " +
                 std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  path.copy(static_cast<char*>(address.sun_path), path.size());
  return address;
}

// Makes room for the socket: removes what a dead gateway left, and nothing else.
Result<> clear(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? Result<>(Ok{}) : trouble("cannot look at " + path);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return Error(path + " exists and is not a socket");
  }
  const Descriptor probe = unix_socket();
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN) {  // EAGAIN: it lives, and its backlog is full
    return Error("another weir is running on " + path);
  }
  if (errno != ECONNREFUSED) {
    return trouble("cannot tell whether another weir is running on " + path);
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return trouble("cannot replace " + path);
  }
  return Ok{};
}

}  // namespace

Result<ControlSocket> ControlSocket::listen(const std::string& path, mode_t mode) {
  const auto address = address_of(path);
  if (!address) {
    return address.error();
  }
  auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) {
    folder = ".";
  }
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  // Two gateways that start at once must not each take the other's socket for a dead one's.
  const auto lock = StartLock::take(path + ".lock");
  if (!lock) {
    return lock.error();
  }
  if (auto cleared = clear(path, address.value()); !cleared) {
    return cleared.error();
  }
  return bind_at(path, mode);
}

Result<ControlSocket> ControlSocket::prepare(const std::string& path, mode_t mode) {
  // What an earlier attempt left behind has no owner.
  const std::string beside = path + ".new";
  if (unlink(beside.c_str()) != 0 && errno != ENOENT) {
    return trouble("cannot replace " + beside);
  }
  auto out = bind_at(beside, mode);
  if (out) {
    std::error_code code;
    out.value().final_path_ = std::filesystem::absolute(path, code).string();
  }
  return out;
}

Result<ControlSocket> ControlSocket::bind_at(const std::string& path, mode_t mode) {
  const auto address = address_of(path);
  if (!address) {
    return address.error();
  }
  ControlSocket out;
  out.socket_ = unix_socket();
  // The mode before bind() is the mode of the file, less the umask: at no moment is it wider.
  fchmod(out.socket_.get(), mode);
  struct stat status {};
  if (bind(out.socket_.get(), reinterpret_cast<const sockaddr*>(&address.value()),
           sizeof(sockaddr_un)) != 0 ||
      chmod(path.c_str(), mode) != 0 || stat(path.c_str(), &status) != 0 ||
      ::listen(out.socket_.get(), backlog) != 0) {
    return trouble("cannot listen on " + path);
  }
  std::error_code code;
  out.path_ = std::filesystem::absolute(path, code).string();
  out.device_ = status.st_dev;
  out.inode_ = status.st_ino;
  return out;
}

Result<> ControlSocket::rename_into_place() {
  if (final_path_.empty()) {
    return Ok{};
  }
  if (rename(path_.c_str(), final_path_.c_str()) != 0) {
    return trouble("cannot take the place of " + final_path_);
  }
  path_ = std::exchange(final_path_, {});
  return Ok{};
}

ControlSocket::ControlSocket(ControlSocket&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      final_path_(std::exchange(other.final_path_, {})),
      device_(other.device_),
      inode_(other.inode_),
      socket_(std::move(other.socket_)) {}

ControlSocket::~ControlSocket() {
  struct stat status {};
  if (!path_.empty() && stat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

}  // namespace weir
