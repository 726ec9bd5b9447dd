// What a DNS message says of itself (RFC 1035, section 4.1): whether it asks or answers, its ID,
// and its question. No more is read, and nothing behind the question.
//
// Plain values, no I/O. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace weir {

struct DnsMessage {
  enum class Kind : std::uint8_t { query, response };
  Kind kind = Kind::query;
  std::uint16_t id = 0;
  // Of its name, whatever the letters' case (RFC 4343), type and class; never 0. 0: a response
  // without the question that it answers.
  std::uint16_t question = 0;

  // Whether the response is to the query.
  [[nodiscard]] bool answers(const DnsMessage& query) const {
    return id == query.id && (question == query.question || question == 0);
  }
};

// Nothing: it is no DNS message, or one that asks for something else than one question: a query
// (also NOTIFY and UPDATE, whose zone stands in its place), or a response with one question or
// none.
[[nodiscard]] std::optional<DnsMessage> read_dns_message(std::span<const std::uint8_t> datagram);

}  // namespace weir
