#include "dns/srv_reply.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace weir {
namespace {

constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_srv = 33;
constexpr std::uint16_t class_in = 1;
constexpr std::size_t max_name = 255;  // RFC 1035, section 2.3.4
constexpr int max_pointers = 32;

// A name with its compression pointers followed (RFC 1035, section 4.1.4), without the last dot.
std::string read_name(NetworkReader& in) {
  constexpr unsigned is_pointer = 0xc0;
  constexpr unsigned longest_label = 63;
  constexpr unsigned byte_bits = 8;
  std::string out;
  std::optional<std::size_t> after;
  for (int pointers = 0; !in.failed();) {
    const std::uint8_t length = in.u8();
    if ((length & is_pointer) == is_pointer) {
      const std::size_t to = ((length & longest_label) << byte_bits) | in.u8();
      after = after.value_or(in.position());
      if (++pointers > max_pointers) {
        in.fail();
      }
      in.seek(to);
    } else if (length > longest_label) {
      in.fail();
    } else if (length == 0) {
      break;
    } else {
      out += out.empty() ? "" : ".";
      out += in.raw(length);
      if (out.size() > max_name) {
        in.fail();
      }
    }
  }
  if (after) {
    in.seek(*after);
  }
  return in.failed() ? "" : out;
}

bool is_host(const std::string& name) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  return !name.empty() && name.find_first_not_of(allowed) == std::string::npos;
}

// The list stays in its order.
std::size_t leave_out(std::vector<Service::Target>& targets) {
  std::vector<std::uint16_t> priorities;
  priorities.reserve(targets.size());
  for (const auto& target : targets) {
    priorities.push_back(target.priority);
  }
  std::sort(priorities.begin(), priorities.end());
  priorities.erase(std::unique(priorities.begin(), priorities.end()), priorities.end());
  const std::size_t had = targets.size();
  if (priorities.size() > max_priorities) {
    std::erase_if(targets, [last = priorities[max_priorities - 1]](const auto& target) {
      return target.priority > last;
    });
  }
  if (targets.size() > max_targets) {
    std::stable_sort(targets.begin(), targets.end(),
                     [](const auto& a, const auto& b) { return a.priority < b.priority; });
    targets.resize(max_targets);
    std::sort(targets.begin(), targets.end());
  }
  return had - targets.size();
}

}  // namespace

ServiceAnswer parse_srv_reply(std::span<const std::uint8_t> reply) {
  constexpr std::size_t header_begin = 4;  // its ID and flags
  constexpr std::size_t header_rest = 4;   // counts of the sections that are not looked at
  ServiceAnswer out;
  NetworkReader reader(reply);
  reader.seek(header_begin);
  const auto questions = reader.u16();
  const auto answers = reader.u16();
  reader.seek(reader.position() + header_rest);
  for (std::uint32_t i = 0; i < questions && !reader.failed(); ++i) {
    static_cast<void>(read_name(reader));
    reader.u32();  // its type and class
  }
  auto ttl = std::numeric_limits<std::uint32_t>::max();
  for (std::uint32_t i = 0; i < answers && !reader.failed(); ++i) {
    static_cast<void>(read_name(reader));
    const auto type = reader.u16();
    const auto klass = reader.u16();
    const auto seconds = reader.u32();
    const auto length = reader.u16();
    const auto end = reader.position() + length;
    if (klass == class_in && type == type_cname) {
      ttl = std::min(ttl, seconds);
    }
    if (klass == class_in && type == type_srv) {
      Service::Target target;
      target.priority = reader.u16();
      target.weight = reader.u16();
      target.port = reader.u16();
      target.host = read_name(reader);
      ttl = std::min(ttl, seconds);
      // "." says that there is no such service.
      if (is_host(target.host) && target.port != 0) {
        out.targets.push_back(std::move(target));
      }
    }
    reader.seek(end);
  }
  if (reader.failed()) {
    return {
        .targets = {}, .left_out = 0, .ttl = {}, .error = "the DNS server's answer is not valid"};
  }
  std::sort(out.targets.begin(), out.targets.end());
  out.targets.erase(std::unique(out.targets.begin(), out.targets.end()), out.targets.end());
  out.left_out = leave_out(out.targets);
  if (out.targets.empty()) {
    out.error = "it names no server";
  }
  out.ttl = std::chrono::seconds(ttl);
  return out;
}

}  // namespace weir
