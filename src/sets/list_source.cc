#include "sets/list_source.h"

#include <utility>

#include "base/regular_file.h"

namespace weir {
namespace {

constexpr std::size_t largest_list = std::size_t{2} << 30U;

class FileSource final : public ListSource {
 public:
  explicit FileSource(RegularFile file) : file_(std::move(file)) {}

  Result<std::size_t> read(std::span<char> into) override {
    auto got = file_.read(into);
    if (!got) {
      return got;
    }
    total_ += got.value();
    if (total_ > largest_list) {
      return Error("it is larger than 2GiB");
    }
    if (got.value() == 0) {
      if (auto whole = file_.check_in_place(); !whole) {
        return whole.error();
      }
    }
    return got;
  }

 private:
  RegularFile file_;
  std::size_t total_ = 0;
};

}  // namespace

Result<std::unique_ptr<ListSource>> open_list(const std::string& path) {
  auto file = RegularFile::open(path);
  if (!file) {
    return file.error();
  }
  return std::unique_ptr<ListSource>(std::make_unique<FileSource>(std::move(file).value()));
}

}  // namespace weir
