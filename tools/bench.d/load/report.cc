// See report.h.
#include "report.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace load {

void die(std::string_view what) {
  std::fprintf(stderr, "load: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

void die_of_errno(std::string_view what) { die(std::string(what) + ": " + std::strerror(errno)); }

void Report::add(std::string_view key, double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.9g", value);
  members_ += (members_.empty() ? "\"" : ", \"") + std::string(key) + "\": " + text;
}

void Report::add(std::string_view key, std::string_view value) {
  members_ +=
      (members_.empty() ? "\"" : ", \"") + std::string(key) + "\": \"" + std::string(value) + "\"";
}

void Report::print() const {
  std::printf("{%s}\n", members_.c_str());
  std::fflush(stdout);
}

}  // namespace load
