#include "account/record.h"

#include <fmt/format.h>

#include "base/escape.h"

namespace weir {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

// Microseconds as milliseconds with three decimals.
void append_ms(std::string& out, std::int64_t us) {
  const auto positive = us < 0 ? 0 : static_cast<std::uint64_t>(us);
  append_number(out, positive / 1000);
  // 1 before the decimals keeps their leading zeros, and makes way for the point.
  const fmt::format_int decimals(1000 + positive % 1000);
  out += '.';
  out.append(decimals.data() + 1, 3);
}

// Endpoint::text, without the strings in between: two of these are in every record.
void append_endpoint(std::string& out, const Endpoint& endpoint) {
  if (!endpoint.address.is_v4()) {
    out += endpoint.text();
    return;
  }
  const auto& bytes = endpoint.address.bytes();
  for (std::size_t i = 12; i < 16; ++i) {
    append_number(out, bytes[i]);
    out += i < 15 ? '.' : ':';
  }
  append_number(out, endpoint.port);
}

// `key=value` pairs after the flow's two ends.
class TextFields {
 public:
  explicit TextFields(std::string& out) : out_(out) {}

  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) {
      start(key);
      append_value(out_, value);
    }
  }
  void moment(std::string_view key, WallTime value) {
    start(key);
    append_rfc3339(out_, value);
  }
  void number(std::string_view key, std::uint64_t value) {
    start(key);
    append_number(out_, value);
  }
  void time(std::string_view key, std::int64_t us) {
    if (us != FlowRecord::unknown) {
      start(key);
      append_ms(out_, us);
    }
  }

 private:
  void start(std::string_view key) {
    out_ += ' ';
    out_ += key;
    out_ += '=';
  }
  std::string& out_;
};

// The members of an object; `key` comes with its quotes, colon and the comma before it.
class JsonFields {
 public:
  explicit JsonFields(std::string& out) : out_(out) {}

  void text(std::string_view key, std::string_view value) {
    out_ += key;
    append_json_string(out_, value);
  }
  void moment(std::string_view key, WallTime value) {
    out_ += key;
    out_ += '"';
    append_rfc3339(out_, value);
    out_ += '"';
  }
  void endpoint(std::string_view key, const Endpoint& value) {
    out_ += key;
    if (!value.address.is_v4()) {
      append_json_string(out_, value.text());
      return;
    }
    out_ += '"';
    append_endpoint(out_, value);
    out_ += '"';
  }
  void number(std::string_view key, std::uint64_t value) {
    out_ += key;
    append_number(out_, value);
  }
  void time(std::string_view key, std::int64_t us) {
    out_ += key;
    if (us == FlowRecord::unknown) {
      out_ += "null";
    } else {
      append_ms(out_, us);
    }
  }

 private:
  std::string& out_;
};

}  // namespace

std::string_view name_of(End end) {
  switch (end) {
    case End::closed:
      return "closed";
    case End::client_reset:
      return "client-reset";
    case End::server_reset:
      return "server-reset";
    case End::connect_failed:
      return "connect-failed";
    case End::connect_timeout:
      return "connect-timeout";
    case End::handshake_failed:
      return "handshake-failed";
    case End::no_server:
      return "no-server";
    case End::rejected:
      return "rejected";
    case End::dropped:
      return "dropped";
    case End::limit:
      return "limit";
    case End::loop:
      return "loop";
    case End::idle:
      return "idle";
    case End::half_closed_timeout:
      return "half-closed-timeout";
    case End::killed:
      return "killed";
    case End::drained:
      return "drained";
    case End::invalid_destination:
      return "invalid-destination";
    case End::no_route:
      return "no-route";
    case End::time_over:
      return "time-over";
    case End::bug:
      return "bug";
  }
  return "bug";
}

std::string_view name_of(Protocol protocol) { return protocol == Protocol::tcp ? "tcp" : "udp"; }

bool is_error(End end) {
  switch (end) {
    case End::connect_failed:
    case End::connect_timeout:
    case End::handshake_failed:
    case End::no_server:
    case End::limit:
    case End::loop:
    case End::server_reset:
    case End::half_closed_timeout:
    case End::no_route:
    case End::bug:
      return true;
    // What the client, the operator or plain silence ended is not a fault.
    case End::closed:
    case End::client_reset:
    case End::rejected:
    case End::dropped:
    case End::idle:
    case End::killed:
    case End::drained:
    case End::invalid_destination:
    case End::time_over:
      return false;
  }
  return true;
}

void append_text(std::string& out, const FlowRecord& record) {
  if (!record.live) {
    append_rfc3339(out, record.time);
    out += ' ';
  }
  out += "flow ";
  out += name_of(record.protocol);
  out += ' ';
  append_endpoint(out, record.client);
  out += " -> ";
  append_endpoint(out, record.destination);
  TextFields fields(out);
  fields.text("rule", record.rule);
  fields.text("upstream", record.upstream);
  fields.text("member", record.member);
  fields.text("server", record.server);
  fields.text("device", record.device);
  fields.moment("opened", record.opened);
  fields.text("id", record.id);
  fields.text("host", record.host);
  fields.text("host_from", record.host_from);
  fields.text("ech", record.has_ech ? "yes" : "");
  fields.text("server_address", record.server_address);
  fields.text("source", record.source);
  fields.number("bytes_up", record.bytes_up);
  fields.number("bytes_down", record.bytes_down);
  if (record.protocol == Protocol::udp) {
    fields.number("packets_up", record.packets_up);
    fields.number("packets_down", record.packets_down);
  }
  fields.time("connect_ms", record.connect_us);
  fields.time("handshake_ms", record.handshake_us);
  fields.time("first_byte_ms", record.first_byte_us);
  fields.time("duration_ms", record.duration_us);
  fields.number("attempts", record.attempts);
  if (!record.live) {
    fields.text("end", name_of(record.end));
    fields.text("error", record.error);
  }
}

void append_json(std::string& out, const FlowRecord& record) {
  JsonFields fields(out);
  if (!record.live) {
    fields.moment(R"({"time":)", record.time);
  }
  fields.moment(record.live ? R"({"opened":)" : R"(,"opened":)", record.opened);
  fields.text(R"(,"id":)", record.id);
  fields.text(R"(,"protocol":)", name_of(record.protocol));
  fields.endpoint(R"(,"client":)", record.client);
  fields.endpoint(R"(,"destination":)", record.destination);
  if (!record.device.empty()) {
    fields.text(R"(,"device":)", record.device);
  }
  fields.text(R"(,"host":)", record.host);
  if (!record.host.empty()) {
    fields.text(R"(,"host_from":)", record.host_from);
  }
  if (record.has_ech) {
    fields.text(R"(,"ech":)", "yes");
  }
  fields.text(R"(,"rule":)", record.rule);
  fields.text(R"(,"upstream":)", record.upstream);
  fields.text(R"(,"member":)", record.member);
  fields.text(R"(,"server":)", record.server);
  fields.text(R"(,"server_address":)", record.server_address);
  fields.text(R"(,"source":)", record.source);
  fields.number(R"(,"bytes_up":)", record.bytes_up);
  fields.number(R"(,"bytes_down":)", record.bytes_down);
  fields.number(R"(,"packets_up":)", record.packets_up);
  fields.number(R"(,"packets_down":)", record.packets_down);
  fields.time(R"(,"connect_ms":)", record.connect_us);
  fields.time(R"(,"handshake_ms":)", record.handshake_us);
  fields.time(R"(,"first_byte_ms":)", record.first_byte_us);
  fields.time(R"(,"duration_ms":)", record.duration_us);
  fields.number(R"(,"attempts":)", record.attempts);
  if (!record.live) {
    fields.text(R"(,"end":)", name_of(record.end));
    fields.text(R"(,"error":)", record.error);
  }
  out += '}';
}

}  // namespace weir
