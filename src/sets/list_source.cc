#include "sets/list_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/descriptor.h"

namespace weir {
namespace {

constexpr std::size_t largest_list = std::size_t{2} << 30U;

Error failure(int code) {
  return code == ENOENT ? Error("there is no such file")
                        : Error(std::generic_category().message(code));
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool is_same_state(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

class FileSource final : public ListSource {
 public:
  FileSource(std::string path, Descriptor file, const struct stat& state)
      : path_(std::move(path)), file_(std::move(file)), state_(state) {}

  Result<std::size_t> read(std::span<char> into) override {
    while (true) {
      const ssize_t got = ::read(file_.get(), into.data(), into.size());
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return failure(errno);
      }
      total_ += static_cast<std::size_t>(got);
      if (total_ > largest_list) {
        return Error("it is larger than 2GiB");
      }
      return got > 0 ? Result<std::size_t>(static_cast<std::size_t>(got)) : check_unchanged();
    }
  }

 private:
  // What was written over while it was read is a mixture; what took its place is the newer list.
  Result<std::size_t> check_unchanged() const {
    struct stat now {};
    if (fstat(file_.get(), &now) != 0) {
      return failure(errno);
    }
    if (!is_same_state(state_, now)) {
      return Error("it was changed while being read");
    }
    if (stat(path_.c_str(), &now) != 0) {
      return Error("it vanished while being read");
    }
    if (!is_same_file(state_, now)) {
      return Error("it was replaced while being read");
    }
    return std::size_t{0};
  }

  std::string path_;
  Descriptor file_;
  struct stat state_;
  std::size_t total_ = 0;
};

}  // namespace

Result<std::unique_ptr<ListSource>> open_list(const std::string& path) {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
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
  return std::unique_ptr<ListSource>(std::make_unique<FileSource>(path, std::move(file), state));
}

}  // namespace weir
