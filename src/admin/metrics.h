// The gateway's figures in Prometheus' text format (version 0.0.4). All names begin with weir_;
// counters end in _total; bytes and seconds are the only units.
//
// Pure text, any thread; process_figures() reads /proc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/control.h"

namespace weir {

inline constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

// What the kernel says about this process; nothing where it does not say.
struct ProcessFigures {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t max_descriptors = 0;
  std::optional<std::uint64_t> descriptors;
};
[[nodiscard]] ProcessFigures process_figures();

struct Figures {
  StatusReport status;
  std::vector<RuleReport> rules;
  std::vector<UpstreamReport> upstreams;
  std::vector<WorkerReport> workers;
  ProcessFigures process;
};
[[nodiscard]] std::string metrics_text(const Figures& figures);

}  // namespace weir
