// Changes of sets of pairs as tests write them, and what made-up clients know.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "firewall/name_sets.h"
#include "loop/loop.h"

namespace weir::firewall {

inline NamePair pair_of(const std::string& client, const std::string& address) {
  return {Address::parse(client).value(), Address::parse(address).value()};
}

inline std::shared_ptr<const std::string> set_named(const std::string& name) {
  return std::make_shared<const std::string>(name);
}
inline NameSetChange put(const std::string& set, const NamePair& pair, int for_seconds = 60) {
  return {.set = set_named(set), .pair = pair, .timeout = std::chrono::seconds(for_seconds)};
}
inline NameSetChange take_out(const std::string& set, const NamePair& pair) {
  return {.what = NameSetChange::What::take_out, .set = set_named(set), .pair = pair};
}
inline NameSetChange take_out_all(const std::string& set) {
  return {.what = NameSetChange::What::take_out_all, .set = set_named(set)};
}

// What clients know, as a test says.
class Names {
 public:
  void know(const NamePair& pair, const std::string& name) {
    const std::lock_guard locked(lock_);
    names_[pair].names.push_back(
        {std::make_shared<const std::string>(name), clock_now() + std::chrono::seconds(300)});
  }
  PairNames of(const NamePair& pair) {
    const std::lock_guard locked(lock_);
    return names_.contains(pair) ? names_.at(pair) : PairNames{};
  }
  std::vector<NamePair> all() {
    const std::lock_guard locked(lock_);
    std::vector<NamePair> out;
    for (const auto& [pair, names] : names_) out.push_back(pair);
    return out;
  }
  NameSets::Source source() {
    return {.all = [this]() { return all(); },
            .names_of = [this](const NamePair& pair) { return of(pair); }};
  }

 private:
  std::mutex lock_;
  std::unordered_map<NamePair, PairNames, NamePair::Hash> names_;
};

}  // namespace weir::firewall
