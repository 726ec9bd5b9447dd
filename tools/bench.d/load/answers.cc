#include "answers.h"

#include "client.h"
#include "report.h"

namespace load {

void Answers::print(const Observation& observation, const Ledger& ledger) const {
  const double all = static_cast<double>(answered_ + lost_);
  Report report;
  report.add("ops", static_cast<double>(answered_));
  report.add("loss", all > 0 ? static_cast<double>(lost_) / all : 0.0);
  report.add("p50_us", static_cast<double>(latencies_.percentile(0.50).count()) / 1e3);
  report.add("p99_us", static_cast<double>(latencies_.percentile(0.99).count()) / 1e3);
  finish(report, observation, ledger, corrupt_, ledger.datagram_caller);
}

}  // namespace load
