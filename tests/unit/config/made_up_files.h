// Files that exist only in a test: the configuration and what it names.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/load.h"
#include "config/files.h"
#include "sets/list_source.h"

namespace weir {

class MadeUpFiles final : public Files {
 public:
  explicit MadeUpFiles(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  [[nodiscard]] Result<std::string> read(const std::string& path) const override {
    const auto found = files_.find(path);
    if (found == files_.end()) {
      return Error("there is no such file");
    }
    return found->second;
  }

  [[nodiscard]] std::optional<std::uint32_t> user(const std::string& name) const override {
    return name == "tor" || name == "nobody" ? std::optional<std::uint32_t>(107) : std::nullopt;
  }

  // Understands one '*', and no more: what a pattern is, is the C library's business.
  [[nodiscard]] Result<std::vector<std::string>> matching(
      const std::string& pattern) const override {
    const auto star = pattern.find('*');
    const std::string before = pattern.substr(0, star);
    const std::string after = pattern.substr(star + 1);
    std::vector<std::string> out;
    for (const auto& [path, text] : files_) {
      if (path.starts_with(before) && path.ends_with(after)) {
        out.push_back(path);
      }
    }
    return out;
  }

 private:
  std::map<std::string, std::string> files_;
};

// A list among them.
class MadeUpList final : public ListSource {
 public:
  explicit MadeUpList(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t count = text_.copy(into.data(), into.size(), at_);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

// `before`: the sets in force.
inline Loaded load_text(const std::string& text, std::map<std::string, std::string> others = {},
                        const SetTable* before = nullptr) {
  others["weir.ini"] = text;
  const MadeUpFiles files(std::move(others));
  Loaded out = load_configuration("weir.ini", registry_schema(), files);
  load_sets_of(out, before, [&](const std::string& path) -> Result<std::unique_ptr<ListSource>> {
    auto found = files.read(path);
    if (!found) {
      return found.error();
    }
    return std::unique_ptr<ListSource>(std::make_unique<MadeUpList>(std::move(found).value()));
  });
  return out;
}

// What `weir check` prints for a file "weir.ini".
inline std::vector<std::string> findings_of(const std::string& text,
                                            std::map<std::string, std::string> others = {}) {
  std::vector<std::string> out;
  for (const Diagnostic& finding : load_text(text, std::move(others)).diagnostics) {
    out.push_back(finding.line());
  }
  return out;
}

}  // namespace weir
