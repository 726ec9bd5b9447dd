#include "dns/srv_reply.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_srv = 33;
constexpr std::uint16_t class_in = 1;
constexpr std::size_t most_name = 255;  // RFC 1035, section 2.3.4
constexpr int most_pointers = 32;

// Reads on from a place; after the first thing that does not add up, everything is 0.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  void go_to(std::size_t at) {
    good_ = good_ && at <= bytes_.size();
    at_ = at;
  }
  std::uint32_t number(std::size_t size) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < size; ++i) {
      out = (out << 8U) | byte();
    }
    return good_ ? out : 0;
  }
  // A name with its compression pointers followed (RFC 1035, section 4.1.4), without the last dot.
  std::string name() {
    std::string out;
    std::optional<std::size_t> after;
    for (int pointers = 0; good_;) {
      const std::uint8_t length = byte();
      if ((length & 0xc0U) == 0xc0U) {
        const std::size_t to = ((length & 0x3fU) << 8U) | byte();
        after = after.value_or(at_);
        good_ = good_ && ++pointers <= most_pointers;
        go_to(to);
      } else if (length > 63) {
        good_ = false;
      } else if (length == 0) {
        break;
      } else {
        out += out.empty() ? "" : ".";
        for (int i = 0; i < length; ++i) {
          out += static_cast<char>(byte());
        }
        good_ = good_ && out.size() <= most_name;
      }
    }
    if (after) {
      go_to(*after);
    }
    return good_ ? out : "";
  }

 private:
  std::uint8_t byte() {
    good_ = good_ && at_ < bytes_.size();
    return good_ ? bytes_[at_++] : 0;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

bool is_host(const std::string& name) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  return !name.empty() && name.find_first_not_of(allowed) == std::string::npos;
}

}  // namespace

ServiceAnswer parse_srv_reply(std::span<const std::uint8_t> reply) {
  constexpr std::size_t header_rest = 4;  // counts of the sections that are not looked at
  ServiceAnswer out;
  Reader reader(reply);
  reader.go_to(4);
  const auto questions = reader.number(2);
  const auto answers = reader.number(2);
  reader.go_to(reader.at() + header_rest);
  for (std::uint32_t i = 0; i < questions && reader.good(); ++i) {
    static_cast<void>(reader.name());
    reader.number(4);
  }
  auto ttl = std::numeric_limits<std::uint32_t>::max();
  for (std::uint32_t i = 0; i < answers && reader.good(); ++i) {
    static_cast<void>(reader.name());
    const auto type = reader.number(2);
    const auto klass = reader.number(2);
    const auto seconds = reader.number(4);
    const auto length = reader.number(2);
    const auto end = reader.at() + length;
    if (klass == class_in && type == type_cname) {
      ttl = std::min(ttl, seconds);
    }
    if (klass == class_in && type == type_srv) {
      Service::Target target;
      target.priority = static_cast<std::uint16_t>(reader.number(2));
      target.weight = static_cast<std::uint16_t>(reader.number(2));
      target.port = static_cast<Port>(reader.number(2));
      target.host = reader.name();
      ttl = std::min(ttl, seconds);
      // "." says that there is no such service.
      if (is_host(target.host) && target.port != 0) {
        out.targets.push_back(std::move(target));
      }
    }
    reader.go_to(end);
  }
  if (!reader.good()) {
    return {.targets = {}, .ttl = {}, .error = "the DNS server's answer makes no sense"};
  }
  std::sort(out.targets.begin(), out.targets.end());
  out.targets.erase(std::unique(out.targets.begin(), out.targets.end()), out.targets.end());
  if (out.targets.empty()) {
    out.error = "it names no server";
  }
  out.ttl = std::chrono::seconds(ttl);
  return out;
}

}  // namespace weir
