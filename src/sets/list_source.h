// Where the bytes of a list come from: a file, as it was from the first byte to the last, or a
// stand-in. The one place where sets touch the machine.
//
// Made for one reading, on its thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "weir/result.h"

namespace weir {

class ListSource {
 public:
  ListSource() = default;
  virtual ~ListSource() = default;
  ListSource(const ListSource&) = delete;
  ListSource& operator=(const ListSource&) = delete;

  // So many bytes came; 0: that was all, and all of it was of one state of the file. After an error
  // nothing that came before counts.
  virtual Result<std::size_t> read(std::span<char> into) = 0;
};

// Regular files only. Errors do not name the file: "it is a directory".
Result<std::unique_ptr<ListSource>> open_list(const std::string& path);

// That, or a stand-in for it.
using OpenList = std::function<Result<std::unique_ptr<ListSource>>(const std::string& path)>;

}  // namespace weir
