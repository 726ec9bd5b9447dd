#include "config/findings.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir {

std::string first_at(const SourceLocation& first, const SourceLocation& again) {
  return first.file == again.file ? " (first on line " + std::to_string(first.line) + ")"
                                  : " (first at " + text_of(first) + ")";
}

void Findings::error(const SourceLocation& location, std::string text) {
  ++errors_;
  opened(location.file);
  found_.push_back({Diagnostic::Severity::error, location, std::move(text)});
}

void Findings::warning(const SourceLocation& location, std::string text) {
  opened(location.file);
  found_.push_back({Diagnostic::Severity::warning, location, std::move(text)});
}

void Findings::opened(const std::string& file) { order_.emplace(file, order_.size()); }

std::vector<Diagnostic> Findings::take() {
  const auto position = [&](const Diagnostic& finding) {
    return std::tuple(order_.at(finding.location.file), finding.location.line, finding.severity);
  };
  std::stable_sort(found_.begin(), found_.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    return position(a) < position(b);
  });
  std::vector<Diagnostic> out;
  for (Diagnostic& finding : found_) {
    // After an error, what else is odd about its line says nothing new.
    const bool known = !out.empty() && out.back().location == finding.location &&
                       (out.back().text == finding.text || out.back().severity != finding.severity);
    if (!known) {
      out.push_back(std::move(finding));
    }
  }
  found_.clear();
  return out;
}

}  // namespace weir
