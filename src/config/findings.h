// What loading finds out, collected so that an operator sees every problem at once, in the order of
// files and lines. One for each load, on its thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/configuration.h"

namespace weir {

// Where a thing stood that is there again: " (first on line 3)", or with the file if it is another.
[[nodiscard]] std::string first_at(const SourceLocation& first, const SourceLocation& again);

class Findings {
 public:
  void error(const SourceLocation& location, std::string text);
  void error(const Error& error) { this->error(error.location(), error.text()); }
  void warning(const SourceLocation& location, std::string text);

  // Files are reported in the order in which they were opened.
  void opened(const std::string& file);

  [[nodiscard]] std::size_t errors() const { return errors_; }  // how many
  // All of them, sorted, each once, and no warning about a line that has an error. Leaves none
  // behind.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  std::vector<Diagnostic> found_;
  std::map<std::string, std::size_t> order_;  // of files
  std::size_t errors_ = 0;
};

}  // namespace weir
