// Where log lines go: standard error, a file, the journal, or syslog. A sink never waits: it writes
// what fits now and says why the rest did not, so that the log's thread can wait in a way that a
// reload or the end of the program interrupts.
//
// One, the log's. Its thread; made on the main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/configuration.h"
#include "weir/result.h"

namespace weir {

class LogSink {
 public:
  enum class Outcome : std::uint8_t {
    written,  // everything
    wait,     // try again when `fd` can be written
    retry,    // try again in a while: no space left, the receiver is being restarted
    gone,     // this line will never get there
  };
  struct Progress {
    Outcome outcome = Outcome::written;
    std::size_t bytes = 0;  // of `text`, that are done
    int error = 0;          // errno behind `retry` and `gone`
  };

  static Result<std::unique_ptr<LogSink>> open(const LogSettings& settings);
  virtual ~LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // `text` is whole lines, each ending in '\n', all of one level.
  [[nodiscard]] virtual Progress write(LogLevel level, std::string_view text) = 0;
  [[nodiscard]] virtual int fd() const = 0;

 protected:
  LogSink() = default;
};

}  // namespace weir
