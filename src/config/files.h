// What loading reads: files, and the files that a pattern names. The one place where the
// configuration touches the machine, so that tests and fuzzers can make the files up.
//
// Made for one load, on its thread; keeps nothing open.
#pragma once

#include <cstdint>
#include <optional>
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
  // The number of a user; nothing: there is none of that name.
  [[nodiscard]] virtual std::optional<std::uint32_t> user(const std::string& name) const = 0;
  // The files that a shell pattern names, sorted; none is no error.
  [[nodiscard]] virtual Result<std::vector<std::string>> matching(
      const std::string& pattern) const = 0;
  // Made-up ones have every folder and user.
  [[nodiscard]] virtual bool has_folder(const std::string& /*path*/) const { return true; }
  [[nodiscard]] virtual bool has_user(const std::string& /*name*/) const { return true; }
};

// The machine's own.
class SystemFiles final : public Files {
 public:
  [[nodiscard]] Result<std::string> read(const std::string& path) const override;
  [[nodiscard]] std::optional<std::uint32_t> user(const std::string& name) const override;
  [[nodiscard]] Result<std::vector<std::string>> matching(
      const std::string& pattern) const override;
  [[nodiscard]] bool has_folder(const std::string& path) const override;
  [[nodiscard]] bool has_user(const std::string& name) const override;
};

// `path` as seen from the folder of `file`.
[[nodiscard]] std::string beside(const std::string& file, const std::string& path);

}  // namespace weir
