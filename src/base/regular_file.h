// A regular file, read as it was from the first byte to the last: what is changed while it is read
// is a mixture of two states, and an error.
//
// Owned by its reader, on its thread; reading blocks.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "base/descriptor.h"
#include "weir/result.h"

namespace weir {

class RegularFile {
 public:
  // Errors do not name the file: "it is a directory".
  static Result<RegularFile> open(std::string path);

  // So many bytes came; 0: that was all.
  Result<std::size_t> read(std::span<char> into) const;

  // Since it was opened it was not written to.
  [[nodiscard]] Result<> check_unchanged() const;
  // And no other file has taken its name.
  [[nodiscard]] Result<> check_in_place() const;

 private:
  RegularFile(std::string path, Descriptor file, const struct stat& state)
      : path_(std::move(path)), file_(std::move(file)), state_(state) {}

  std::string path_;
  Descriptor file_;
  struct stat state_;
};

}  // namespace weir
