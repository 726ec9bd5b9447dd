#include <utility>

#include "firewall/lower.h"

namespace weir::firewall {

namespace {

// One for each protocol, or one for both where they have the same ports.
std::vector<Condition> by_protocol(const match::Flow& flow) {
  if (flow.tcp == flow.udp) {
    return {flow};
  }
  std::vector<Condition> all;
  if (!flow.tcp.empty()) {
    all.emplace_back(match::Flow{flow.tcp, {}});
  }
  if (!flow.udp.empty()) {
    all.emplace_back(match::Flow{{}, flow.udp});
  }
  return all;
}

std::vector<Condition> conditions_on(const Addresses& addresses, Family family) {
  if (addresses.any()) {
    return {match::OfFamily{family}};
  }
  std::vector<Condition> all;
  const auto add = [&](Side side, const std::vector<Prefix>& prefixes, bool negated) {
    if (!prefixes.empty()) {
      all.emplace_back(match::Within{side, prefixes, negated, false});
    }
  };
  add(Side::source, addresses.client, false);
  add(Side::source, addresses.not_client, true);
  add(Side::destination, addresses.destination, false);
  add(Side::destination, addresses.not_destination, true);
  return all;
}

// One for each family that can match.
std::vector<std::vector<Condition>> by_family(const match::Ends& ends) {
  if (ends.v4 && ends.v6 && ends.v4->any() && ends.v6->any()) {
    return {{}};
  }
  std::vector<std::vector<Condition>> all;
  if (ends.v4) {
    all.push_back(conditions_on(*ends.v4, Family::v4));
  }
  if (ends.v6) {
    all.push_back(conditions_on(*ends.v6, Family::v6));
  }
  return all;
}

// Where packets enter the decisions, a few ports are compared one by one: members of a set are
// looked up in the generation of that moment (see replace_nft.h), and who misses here passes by.
constexpr std::size_t most_compared = 16;

bool is_entrance(const Step& step) {
  return step.when.size() == 1 && std::holds_alternative<match::Flow>(step.when.front()) &&
         step.then.size() == 1 && std::holds_alternative<act::Goto>(step.then.front());
}

std::vector<Condition> port_by_port(const match::Flow& flow) {
  const Ports& ports = flow.tcp.empty() ? flow.udp : flow.tcp;
  if ((!flow.tcp.empty() && !flow.udp.empty()) || ports.ranges.size() > most_compared) {
    return {flow};
  }
  std::vector<Condition> all;
  for (const Ports::Range& range : ports.ranges) {
    const Ports one{{range}};
    all.emplace_back(flow.tcp.empty() ? match::Flow{{}, one} : match::Flow{one, {}});
  }
  return all;
}

std::vector<std::vector<Condition>> alternatives_of(const Condition& condition) {
  if (const auto* ends = std::get_if<match::Ends>(&condition); ends != nullptr) {
    return by_family(*ends);
  }
  if (const auto* flow = std::get_if<match::Flow>(&condition); flow != nullptr) {
    std::vector<std::vector<Condition>> all;
    for (Condition& each : by_protocol(*flow)) {
      all.push_back({std::move(each)});
    }
    return all;
  }
  if (const auto* sent = std::get_if<match::SentByCgroup>(&condition);
      sent != nullptr && sent->cgroup.nft_path.empty()) {
    return {};  // nft cannot name it
  }
  return {{condition}};
}

void append_lines(std::vector<Step>& lines, Step step) {
  if (is_entrance(step)) {
    for (Condition& each : port_by_port(std::get<match::Flow>(step.when.front()))) {
      lines.push_back(step);
      lines.back().when = {std::move(each)};
      step.why.clear();
    }
    return;
  }
  std::vector<std::vector<Condition>> products = {{}};
  for (const Condition& condition : step.when) {
    std::vector<std::vector<Condition>> longer;
    for (const auto& product : products) {
      for (const auto& alternative : alternatives_of(condition)) {
        longer.push_back(product);
        longer.back().insert(longer.back().end(), alternative.begin(), alternative.end());
      }
    }
    products = std::move(longer);
  }
  const std::vector<Condition> unless = std::exchange(step.unless, {});
  for (auto& product : products) {
    Step line = step;
    line.when = std::move(product);
    if (!unless.empty()) {
      Step spared = line;
      spared.when.insert(spared.when.end(), unless.begin(), unless.end());
      spared.then = {act::Accept{}};
      lines.push_back(std::move(spared));
      line.why.clear();
    }
    lines.push_back(std::move(line));
    step.why.clear();
  }
}

}  // namespace

Plan for_nft(Plan plan) {
  for (Chain& chain : plan.chains) {
    std::vector<Step> lines;
    lines.reserve(chain.steps.size());
    for (Step& step : chain.steps) {
      append_lines(lines, std::move(step));
    }
    chain.steps = std::move(lines);
  }
  return plan;
}

}  // namespace weir::firewall
