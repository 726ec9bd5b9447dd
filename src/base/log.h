// The gateway's log: what an operator should know, one line each, and the flow records, which
// share its target. Text lines read "LEVEL MESSAGE", in a file with the time before; JSON lines are
// objects with time, level and message. A flow record is a line of its own shape
// (account/record.h). What strangers put into a message cannot break its line or a terminal.
//
// One, owned by the Gateway on the main thread; any thread may write. Lines go to a thread of the
// log's own through a bounded queue, so that a full disk or a reader that stopped never holds up a
// worker; what does not fit is counted as lost, and when lines get through again, one of them says
// how many were lost.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/configuration.h"
#include "weir/result.h"

namespace weir {

[[nodiscard]] std::string_view name_of(LogLevel level);  // "warning"

class Log {
 public:
  static constexpr std::size_t queue_bytes = std::size_t{8} * 1024 * 1024;

  // Opens the target. An error names what could not be opened and why.
  static Result<std::unique_ptr<Log>> open(const LogSettings& settings);
  ~Log();  // writes what is queued, for at most a second
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(std::string_view message);
  void info(std::string_view message);
  void warning(std::string_view message);
  void error(std::string_view message);

  // Flow records: whole lines, each ending in '\n', already in `format()`; `lines` of them. Returns
  // how many lines of this batch were lost because the queue is full: all or none.
  std::uint64_t records(std::string&& batch, std::uint64_t lines);

  [[nodiscard]] LogFormat format() const;

  // The least important messages that are written; a change lasts until reopen().
  [[nodiscard]] LogLevel level() const;
  void set_level(LogLevel level);

  // Lines of either kind that were lost since the start.
  [[nodiscard]] std::uint64_t lost() const;

  // Takes over new settings and opens the target anew, so that a rotated file is let go of (a
  // reload). On error everything stays as it was. Main thread.
  Result<> reopen(const LogSettings& settings);

 private:
  struct State;
  explicit Log(std::shared_ptr<State> state);
  void message(LogLevel level, std::string_view message);
  std::shared_ptr<State> state_;
};

}  // namespace weir
