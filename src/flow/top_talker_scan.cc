#include "flow/top_talker_scan.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

std::uint64_t per_second(std::uint64_t moved, std::chrono::microseconds since) {
  constexpr double second = 1e6;
  return since.count() <= 0 ? 0
                            : static_cast<std::uint64_t>(static_cast<double>(moved) * second /
                                                         static_cast<double>(since.count()));
}

constexpr auto busier = [](const auto& a, const auto& b) { return a.moved > b.moved; };

// The busiest of them, busiest first.
template <typename Ranked>
void keep_top(std::vector<Ranked>& all) {
  const auto kept = std::min(all.size(), TopTalkers::max);
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept), all.end(),
                    busier);
  all.resize(kept);
}

}  // namespace

void TopTalkerScan::begin(Instant now) {
  part_ = {};
  if (last_ && now - *last_ <= stale) {
    part_.since = now - *last_;
  } else {
    before_.reset();
  }
  last_ = now;
  now_ = std::make_unique<Seen>();
}

std::uint64_t TopTalkerScan::seen_before(std::uint64_t sequence) const {
  if (!before_) {
    return 0;
  }
  const auto found = before_->bytes.find(sequence);
  return found == before_->bytes.end() ? 0 : found->second;
}

void TopTalkerScan::add(const FlowView& flow) {
  const auto moved = flow.bytes - seen_before(flow.core.sequence);
  now_->bytes.emplace(flow.core.sequence, flow.bytes);
  ++part_.flows_total;
  Part::Client& client = part_.clients[flow.core.flow.client.address];
  ++client.flows;
  client.bytes += flow.bytes;
  client.moved += moved;
  if (client.device.empty()) {
    client.device = flow.core.device.text();
  }
  // `flows` is a heap whose front is the least busy one kept: records are made for few.
  auto& kept = part_.flows;
  if (kept.size() == TopTalkers::max) {
    if (moved <= kept.front().moved) {
      return;
    }
    std::pop_heap(kept.begin(), kept.end(), busier);
    kept.pop_back();
  }
  kept.push_back({.record = flow.record(), .moved = moved});
  kept.back().record.live = true;
  std::push_heap(kept.begin(), kept.end(), busier);
}

TopTalkerScan::Part TopTalkerScan::end() {
  before_ = std::move(now_);
  return std::exchange(part_, {});
}

TopTalkers TopTalkerScan::merge(std::vector<Part> parts) {
  struct Ranked {
    Address address;
    Part::Client sums;
    std::uint64_t moved = 0;
  };
  Part all;
  TopTalkers out;
  for (Part& part : parts) {
    out.flows_total += part.flows_total;
    all.since = std::max(all.since, part.since);
    std::move(part.flows.begin(), part.flows.end(), std::back_inserter(all.flows));
    for (const auto& [address, client] : part.clients) {
      auto& sum = all.clients[address];
      sum.flows += client.flows;
      sum.bytes += client.bytes;
      sum.moved += client.moved;
      sum.device = sum.device.empty() ? client.device : sum.device;
    }
  }
  keep_top(all.flows);
  for (auto& flow : all.flows) {
    out.flows.push_back(
        {.record = std::move(flow.record), .bytes_per_second = per_second(flow.moved, all.since)});
  }
  std::vector<Ranked> clients;
  clients.reserve(all.clients.size());
  for (const auto& [address, client] : all.clients) {
    clients.push_back({.address = address, .sums = client, .moved = client.moved});
  }
  out.clients_total = clients.size();
  keep_top(clients);
  for (const auto& client : clients) {
    out.clients.push_back({.address = client.address,
                           .device = client.sums.device,
                           .flows = client.sums.flows,
                           .bytes = client.sums.bytes,
                           .bytes_per_second = per_second(client.moved, all.since)});
  }
  return out;
}

}  // namespace weir
