// Names of flows: text, at most 24 characters, never the same twice, not across workers and not
// across restarts. "7kq2vd0m-0-5f1" is the process (40 random bits), the worker and the worker's
// count, each in base 32. The same text goes into the record and into PROXY v2 UNIQUE_ID, so that
// one flow can be found in the logs of both systems.
//
// A live flow keeps only its number (8 bytes: the worker in the upper 16 bits, its count below) and
// makes the text when it is to be read. A gateway that takes over from another goes on with that
// one's process and counts, so that the flows it gets keep their names and new ones get names that
// no flow had.
//
// One per worker; its thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

class FlowIds {
 public:
  // `process` is the same for all workers of a process: random_process(). `last`: the number of the
  // last flow that a worker of that number named before.
  FlowIds(std::uint64_t process, unsigned worker, std::uint64_t last = 0);
  [[nodiscard]] static std::uint64_t random_process();

  [[nodiscard]] std::uint64_t next() { return ++last_; }
  [[nodiscard]] std::uint64_t last() const { return last_; }
  // Of this worker's flows, and of those that came from other workers of the process.
  [[nodiscard]] std::string text(std::uint64_t number) const;
  // The number of a text; none if it is not one of this process.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view text) const;

 private:
  std::string prefix_;  // "7kq2vd0m-"
  std::uint64_t last_;
};

}  // namespace weir
