// So many results in a row decide: a server is down after `fall` failures, up again after `rise`
// successes. One that was never probed counts as up until then. No clock, no I/O.
//
// Part of the Checker's schedule of a server; main thread.
#pragma once

#include <cstdint>
#include <optional>

#include "weir/check_terms.h"
#include "weir/server_health.h"

namespace weir {

enum class CheckResult : std::uint8_t { succeeded, failed };

class RiseFall {
 public:
  using Checked = ServerHealth::Checked;

  // What the server is from now on, when the result changes that.
  std::optional<Checked> note(CheckResult result, const CheckTerms& terms) {
    if (result == CheckResult::succeeded) {
      failures_ = 0;
      ++successes_;
      const bool rises =
          state_ == Checked::unknown || (state_ == Checked::down && successes_ >= terms.rise);
      return rises ? change(Checked::up) : std::nullopt;
    }
    successes_ = 0;
    ++failures_;
    const bool falls = state_ != Checked::down && failures_ >= terms.fall;
    return falls ? change(Checked::down) : std::nullopt;
  }

  [[nodiscard]] int failures() const { return failures_; }  // in a row

 private:
  std::optional<Checked> change(Checked to) {
    state_ = to;
    return to;
  }

  Checked state_ = Checked::unknown;
  int successes_ = 0;
  int failures_ = 0;
};

}  // namespace weir
