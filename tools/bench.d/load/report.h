// What the generator says: one line of JSON on standard output when it has measured, or one line on
// standard error and exit status 1 when it could not. Nothing is reported half.
#pragma once

#include <string>
#include <string_view>

namespace load {

[[noreturn]] void die(std::string_view what);
// The same with the reason the last system call gave.
[[noreturn]] void die_of_errno(std::string_view what);

class Report {
 public:
  void add(std::string_view key, double value);
  void add(std::string_view key, std::string_view value);
  // Prints the object; a report is written once.
  void print() const;

 private:
  std::string members_;
};

}  // namespace load
