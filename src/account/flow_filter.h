// Which flows are asked for: a value, made from a question and passed to every worker. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/prefix.h"
#include "weir/endpoint.h"
#include "weir/flow.h"

namespace weir {

// An address, an ADDRESS:PORT or a prefix.
class AddressFilter {
 public:
  [[nodiscard]] static std::optional<AddressFilter> parse(const std::string& text);
  [[nodiscard]] bool covers(const Endpoint& endpoint) const {
    return prefix_ ? prefix_->contains(endpoint.address) : endpoint == exact_;
  }
  friend bool operator==(const AddressFilter&, const AddressFilter&) = default;

 private:
  std::optional<Prefix> prefix_;
  Endpoint exact_;
};

struct FlowFilter {
  static constexpr std::uint64_t max = 10'000;  // of one answer
  // On admin.http, where the request says nothing else.
  static constexpr std::uint64_t usual_for_readers = 100;
  // Requests that can wait for a second share one list.
  enum class Haste : std::uint8_t { at_once, can_wait };

  std::optional<Protocol> protocol;
  std::optional<AddressFilter> client;
  std::optional<AddressFilter> destination;
  std::string rule;
  std::string upstream;
  std::uint64_t limit = 1000;
  Haste haste = Haste::at_once;

  friend bool operator==(const FlowFilter&, const FlowFilter&) = default;
};

}  // namespace weir
