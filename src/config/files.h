// What loading reads: files, and the files that a pattern names. The one place where the
// configuration touches the machine, so that tests and fuzzers can make the files up.
#pragma once

#include <string>
#include <vector>

#include "weir/result.h"

namespace weir {

class Files {
 public:
  Files() = default;
  virtual ~Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  // The whole file. The error says why not, without naming the file: "there is no such file".
  [[nodiscard]] virtual Result<std::string> read(const std::string& path) const = 0;
  // The files that a shell pattern names, sorted; none is no error.
  [[nodiscard]] virtual Result<std::vector<std::string>> matching(
      const std::string& pattern) const = 0;
};

// The machine's own.
class SystemFiles final : public Files {
 public:
  [[nodiscard]] Result<std::string> read(const std::string& path) const override;
  [[nodiscard]] Result<std::vector<std::string>> matching(
      const std::string& pattern) const override;
};

// `path` as seen from the folder of `file`.
[[nodiscard]] std::string beside(const std::string& file, const std::string& path);

}  // namespace weir
