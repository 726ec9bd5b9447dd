#include "base/regular_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weir {
namespace {

Error failure(int code) {
  return code == ENOENT ? Error("there is no such file")
                        : Error(std::generic_category().message(code));
}

bool is_same_state(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

Result<RegularFile> RegularFile::open(std::string path) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat state {};
  if (!file.valid() || fstat(file.get(), &state) != 0) {
    return failure(errno);
  }
  if (S_ISDIR(state.st_mode)) {
    return Error("it is a directory");
  }
  if (!S_ISREG(state.st_mode)) {
    return Error("it is not a regular file");
  }
  return RegularFile(std::move(path), std::move(file), state);
}

Result<std::size_t> RegularFile::read(std::span<char> into) const {
  ssize_t got = 0;
  do {
    got = ::read(file_.get(), into.data(), into.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return failure(errno);
  }
  return static_cast<std::size_t>(got);
}

Result<> RegularFile::check_unchanged() const {
  struct stat now {};
  if (fstat(file_.get(), &now) != 0) {
    return failure(errno);
  }
  return is_same_state(state_, now) ? Result<>(Ok{})
                                    : Result<>(Error("it was changed while being read"));
}

Result<> RegularFile::check_in_place() const {
  if (auto unchanged = check_unchanged(); !unchanged) {
    return unchanged;
  }
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0) {
    return Error("it vanished while being read");
  }
  if (now.st_dev != state_.st_dev || now.st_ino != state_.st_ino) {
    return Error("it was replaced while being read");
  }
  return Ok{};
}

}  // namespace weir
