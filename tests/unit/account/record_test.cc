#include "account/record.h"

#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "catch.h"

namespace weir {
namespace {

Endpoint endpoint(const char* text) { return Endpoint::parse(text).value(); }

FlowRecord web_flow() {
  FlowRecord record;
  record.time = WallTime(Milliseconds(1'795'234'080'123));
  record.opened = record.time - Milliseconds(1'500);
  record.id = "7kq2vd0m-0-5f1";
  record.client = endpoint("198.51.100.2:41000");
  record.destination = endpoint("203.0.113.5:80");
  record.rule = "web";
  record.upstream = "pool";
  record.server = "web1";
  record.server_address = "192.0.2.60:80";
  record.source = "198.51.100.2:41000";
  record.bytes_up = 82;
  record.bytes_down = 5'000'000'000;
  record.connect_us = 1234;
  record.first_byte_us = 20'005;
  record.duration_us = 1'500'000;
  record.attempts = 1;
  return record;
}

std::string text_of(const FlowRecord& record) {
  std::string out;
  append_text(out, record);
  return out;
}

std::string json_of(const FlowRecord& record) {
  std::string out;
  append_json(out, record);
  return out;
}

TEST_CASE("a text record begins with its time, the flow and its rule, upstream and server") {
  CHECK(text_of(web_flow()) ==
        "2026-11-21T04:08:00.123Z flow tcp 198.51.100.2:41000 -> 203.0.113.5:80 rule=web "
        "upstream=pool server=web1 opened=2026-11-21T04:07:58.623Z "
        "id=7kq2vd0m-0-5f1 server_address=192.0.2.60:80 source=198.51.100.2:41000 bytes_up=82 "
        "bytes_down=5000000000 connect_ms=1.234 first_byte_ms=20.005 duration_ms=1500.000 "
        "attempts=1 end=closed");
}

TEST_CASE("a record names the member of a group that took the flow") {
  auto record = web_flow();
  record.member = "proxy";
  CHECK(text_of(record).find(" upstream=pool member=proxy server=web1 ") != std::string::npos);
  CHECK(nlohmann::json::parse(json_of(record))["member"] == "proxy");
}

TEST_CASE("a record names the client's device where it is known, and else has no such key") {
  auto record = web_flow();
  CHECK_FALSE(nlohmann::json::parse(json_of(record)).contains("device"));
  CHECK(text_of(record).find("device") == std::string::npos);
  record.device = "Anna's phone";
  CHECK(text_of(record).find(R"( server=web1 device="Anna's phone" opened=)") != std::string::npos);
  const auto json = nlohmann::ordered_json::parse(json_of(record));
  CHECK(json["device"] == "Anna's phone");
  CHECK(json_of(record).find(R"("destination":"203.0.113.5:80","device":)") != std::string::npos);
}

TEST_CASE("a UDP record counts datagrams and writes IPv6 endpoints in brackets") {
  auto record = web_flow();
  record.protocol = Protocol::udp;
  record.client = endpoint("[2001:db8::2]:5353");
  record.packets_up = 1;
  const auto text = text_of(record);
  CHECK(text.find("Z flow udp [2001:db8::2]:5353 -> ") != std::string::npos);
  CHECK(text.find(" packets_up=1 packets_down=0 ") != std::string::npos);
}

TEST_CASE("an error phrase is quoted in text") {
  auto record = web_flow();
  record.end = End::connect_failed;
  record.error = "connection refused";
  CHECK(text_of(record).ends_with(R"( end=connect-failed error="connection refused")"));
}

TEST_CASE("a JSON record has every key of the contract, in its order") {
  const auto json = nlohmann::ordered_json::parse(json_of(web_flow()));
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) {
    keys.push_back(key);
  }
  CHECK(keys == std::vector<std::string>{
                    "time",        "opened",         "id",         "protocol",     "client",
                    "destination", "host",           "rule",       "upstream",     "member",
                    "server",      "server_address", "source",     "bytes_up",     "bytes_down",
                    "packets_up",  "packets_down",   "connect_ms", "handshake_ms", "first_byte_ms",
                    "duration_ms", "attempts",       "end",        "error"});
  CHECK(json["bytes_down"] == 5'000'000'000);
  CHECK(json["connect_ms"] == 1.234);
  CHECK(json["handshake_ms"].is_null());
  CHECK(json["host"].get<std::string>().empty());
  CHECK(json["end"] == "closed");
  CHECK(json["time"] == "2026-11-21T04:08:00.123Z");
  CHECK(json["opened"] == "2026-11-21T04:07:58.623Z");
}

TEST_CASE("a live flow has not ended") {
  auto record = web_flow();
  record.live = true;
  CHECK(text_of(record).find(" end=") == std::string::npos);
  CHECK(text_of(record).starts_with("flow tcp "));
  const auto json = nlohmann::json::parse(json_of(record));
  CHECK_FALSE(json.contains("end"));
  CHECK_FALSE(json.contains("time"));
  CHECK(json["opened"] == "2026-11-21T04:07:58.623Z");
}

TEST_CASE("a hostile host name stays one line, moves no cursor and leaves the JSON valid") {
  auto record = web_flow();
  record.host =
      "\x1b]0;owned\x07\n\"a\\b\xff\xc2\x9b"
      "31m\xe2\x80\xae"
      "gpj.exe end=closed";
  const auto text = text_of(record);
  CHECK(text.find(R"(host="\x1b]0;owned\x07\n\"a\\b\xff\u{9b}31m\u{202e}gpj.exe end=closed")") !=
        std::string::npos);
  const auto json = json_of(record);
  for (const auto& line : {text, json}) {
    for (const char c : line) {
      CHECK(static_cast<unsigned char>(c) >= 0x20);
    }
  }
  CHECK(json.find("\xc2\x9b") == std::string::npos);
  CHECK(nlohmann::json::parse(json)["host"] ==
        "\x1b]0;owned\x07\n\"a\\b\xef\xbf\xbd\xc2\x9b"
        "31m\xe2\x80\xae"
        "gpj.exe end=closed");
}

TEST_CASE("ends have the names of the contract, each its own") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(End::bug); ++i) {
    names.insert(name_of(static_cast<End>(i)));
  }
  CHECK(names.size() == 19);
  CHECK(name_of(End::half_closed_timeout) == "half-closed-timeout");
  CHECK(is_error(End::connect_timeout));
  CHECK_FALSE(is_error(End::closed));
}

}  // namespace
}  // namespace weir
