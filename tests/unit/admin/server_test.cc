#include "admin/server.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "admin/http_client.h"
#include "admin/served.h"
#include "base/descriptor.h"
#include "catch.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

int status_of(HttpClient& client) { return HttpClient::status_of(client.answer()); }

int get(const std::string& socket, const std::string& target) {
  HttpClient client(socket);
  client.get(target);
  return status_of(client);
}

TEST_CASE("an answer is JSON with its length, and the connection serves again") {
  Served served;
  std::string first;
  std::string second;
  served.during([&] {
    HttpClient client(served.socket());
    client.get("/v1/status");
    first = client.answer();
    client.get("/metrics");
    second = client.answer();
  });
  CHECK(first.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(first.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(nlohmann::json::parse(HttpClient::body_of(first))["pid"] == 42);
  CHECK(second.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
        std::string::npos);
  CHECK(HttpClient::body_of(second).starts_with("# HELP weir_build_info"));
}

TEST_CASE("a query is decoded, and a wrong one is 400") {
  Served served;
  served.during(
      [&] { get(served.socket(), "/v1/flows?client=%5b2001:db8::1%5D%3a53&rule=a%20b&limit=2"); });
  REQUIRE(served.control.filters.size() == 1);
  REQUIRE(served.control.filters[0].client);
  CHECK(served.control.filters[0].client->covers(Endpoint::parse("[2001:db8::1]:53").value()));
  CHECK_FALSE(
      served.control.filters[0].client->covers(Endpoint::parse("[2001:db8::1]:54").value()));
  CHECK(served.control.filters[0].rule == "a b");
  int status = 0;
  served.during([&] { status = get(served.socket(), "/v1/flows?limit=%00"); });
  CHECK(status == 400);
}

TEST_CASE("405 says what is allowed") {
  Served served;
  std::string answer;
  served.during([&] {
    HttpClient client(served.socket());
    client.send("PUT /v1/reload HTTP/1.1\r\nHost: weir\r\nContent-Length: 2\r\n\r\n{}");
    answer = client.answer();
  });
  CHECK(HttpClient::status_of(answer) == 405);
  CHECK(answer.find("Allow: POST\r\n") != std::string::npos);
}

TEST_CASE("a request may arrive byte by byte, and no other waits for it") {
  Served served;
  int slow = 0;
  int quick = 0;
  served.during([&] {
    HttpClient client(served.socket());
    const std::string request =
        "POST /v1/reload HTTP/1.1\r\nHost: w\r\nContent-Length: 3\r\n\r\nabc";
    for (std::size_t i = 0; i < request.size(); ++i) {
      client.send(request.substr(i, 1));
      if (i == request.size() / 2) {
        quick = get(served.socket(), "/v1/status");
      }
    }
    slow = status_of(client);
  });
  CHECK(quick == 200);
  CHECK(slow == 409);  // the made-up reload fails
}

TEST_CASE("a body that is announced as too large is refused unread") {
  Served served;
  int status = 0;
  bool closes = false;
  served.during([&] {
    HttpClient client(served.socket());
    client.send("POST /v1/reload HTTP/1.1\r\nHost: w\r\nContent-Length: 10000000\r\n\r\nabc");
    status = status_of(client);
    closes = client.closes();
  });
  CHECK(status == 413);
  CHECK(closes);
}

TEST_CASE("a body that turns out too large, and headers without end, end the connection") {
  Served served;
  bool body_closes = false;
  std::string headers_answer;
  bool headers_close = false;
  int afterwards = 0;
  served.during([&] {
    HttpClient body(served.socket());
    body.send("POST /v1/reload HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "1000\r\n" + std::string(4096, 'x') + "\r\n";
    for (int i = 0; i < 2500 && body.send(chunk); ++i) {
    }
    body_closes = body.closes();
    HttpClient headers(served.socket());
    headers.send("GET / HTTP/1.1\r\n");
    const std::string header = "X: " + std::string(4096, 'x') + "\r\n";
    for (int i = 0; i < 2500 && headers.send(header); ++i) {
    }
    headers_close = headers.closes();
    afterwards = get(served.socket(), "/v1/status");
  });
  CHECK(body_closes);
  CHECK(headers_close);
  CHECK(afterwards == 200);
}

TEST_CASE("garbage is refused, or given up as unfinished") {
  AdminLimits limits;
  limits.idle = std::chrono::seconds(1);
  Served served(limits);
  std::vector<bool> closed;
  served.during([&] {
    for (const auto& garbage :
         {std::string("\0\0\0\0\r\n\r\n", 8), std::string("\x16\x03\x01\x02\r\n\r\n"),
          std::string("GET\r\n\r\n"), std::string("GET /v1/status HTTP/9.9\r\n\r\n")}) {
      HttpClient client(served.socket());
      client.send(garbage);
      closed.push_back(client.closes());
    }
  });
  CHECK(closed == std::vector<bool>(4, true));
}

TEST_CASE("a hundred clients at once are all served") {
  Served served;
  int good = 0;
  served.during([&] {
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 100; ++i) {
      clients.push_back(std::make_unique<HttpClient>(served.socket()));
      clients.back()->send("GET /v1/status HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n");
    }
    for (auto& client : clients) {
      good += status_of(*client) == 200 ? 1 : 0;
    }
  });
  CHECK(good == 100);
}

TEST_CASE("silent clients lose their places, and cost no CPU while they have them") {
  AdminLimits limits;
  limits.connections = 8;
  limits.idle = std::chrono::seconds(1);
  Served served(limits);
  int status = 0;
  int closed = 0;
  rusage before{};
  getrusage(RUSAGE_THREAD, &before);
  served.during([&] {
    std::vector<std::unique_ptr<HttpClient>> silent;
    for (int i = 0; i < 12; ++i) {
      silent.push_back(std::make_unique<HttpClient>(served.socket()));
      silent.back()->send(i % 2 == 0 ? "" : "GET /v1/st");
    }
    status = get(served.socket(), "/v1/status");
    for (auto& client : silent) {
      closed += client->closes() ? 1 : 0;
    }
  });
  rusage after{};
  getrusage(RUSAGE_THREAD, &after);
  CHECK(status == 200);
  CHECK(closed == 12);
  CHECK(after.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_utime.tv_sec -
            before.ru_stime.tv_sec <=
        1);
  CHECK(after.ru_nvcsw - before.ru_nvcsw < 500);
}

TEST_CASE("answers that are not read are bounded, and hold up no other") {
  AdminLimits limits;
  limits.answer_bytes = 6'000'000;
  Served served(limits);
  served.control.grow_list(4'000'000);
  int second = 0;
  int status = 0;
  std::string late;
  served.during([&] {
    HttpClient reads_late(served.socket());
    reads_late.get("/v1/flows");
    status = get(served.socket(), "/v1/status");
    second = get(served.socket(), "/v1/flows");
    late = reads_late.answer();
  });
  CHECK(status == 200);
  CHECK(second == 503);
  CHECK(HttpClient::status_of(late) == 200);
  CHECK(nlohmann::json::parse(HttpClient::body_of(late))["total"] == 4'000'000 / 1400);
  int again = 0;
  served.during([&] { again = get(served.socket(), "/v1/flows"); });
  CHECK(again == 200);
}

TEST_CASE("an answer that takes its time holds up no other") {
  Served served;
  served.control.answers_later = true;
  int other = 0;
  int late = 0;
  served.during([&] {
    HttpClient waits(served.socket());
    waits.get("/v1/flows");
    other = get(served.socket(), "/v1/status");
    served.on_loop([&] { served.control.waiting.at(0)(std::make_shared<const FlowList>()); });
    late = status_of(waits);
  });
  CHECK(other == 200);
  CHECK(late == 200);
}

TEST_CASE("a client that leaves before its answer comes is forgotten") {
  Served served;
  served.control.answers_later = true;
  int status = 0;
  served.during([&] {
    {
      HttpClient leaves(served.socket());
      leaves.get("/v1/flows");
      get(served.socket(), "/v1/status");  // by now the request has been read
    }
    served.on_loop([&] {
      served.control.waiting.at(0)(std::make_shared<const FlowList>());
      served.control.waiting.at(0)(std::make_shared<const FlowList>());  // and once too often
    });
    status = get(served.socket(), "/v1/status");
  });
  CHECK(status == 200);
}

TEST_CASE("workers that never answer are given up") {
  AdminLimits limits;
  limits.answer = Milliseconds(1);
  Served served(limits);
  served.control.answers_later = true;
  int status = 0;
  served.during([&] { status = get(served.socket(), "/v1/flows"); });
  CHECK(status == 503);
  served.control.waiting.at(0)(std::make_shared<const FlowList>());
}

TEST_CASE("a server that stops says so to who waits, and answers that come later go nowhere") {
  Served served;
  served.control.answers_later = true;
  int status = 0;
  served.during([&] {
    HttpClient waits(served.socket());
    waits.get("/v1/flows");
    get(served.socket(), "/v1/status");
    served.on_loop([&] { served.stop_server(); });
    status = status_of(waits);
  });
  CHECK(status == 503);
  served.control.waiting.at(0)(std::make_shared<const FlowList>());
}

TEST_CASE("a second server on the same socket is refused") {
  Served served;
  Loop loop;
  AdminSettings settings;
  settings.socket = served.socket();
  FakeControl control;
  Folder folder;
  LogSettings log_settings;
  log_settings.target = LogTarget::file;
  log_settings.path = folder / "log";
  const auto log = std::move(Log::open(log_settings)).value();
  const auto second = AdminServer::start(loop, settings, control, *log);
  REQUIRE_FALSE(second);
  CHECK(second.error().text() == "another weir is running on " + served.socket());
}

// A port on which nothing listens.
Port free_port() {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage raw{};
  socklen_t length = Endpoint{Address::parse("127.0.0.1").value(), 0}.to(raw);
  REQUIRE(bind(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0);
  length = sizeof raw;
  REQUIRE(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&raw), &length) == 0);
  return Endpoint::from(raw).port;
}

bool connects(const Endpoint& to) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage raw{};
  const socklen_t length = to.to(raw);
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0;
}

TEST_CASE("admin.http moves to another address with the same port, and back") {
  const Port port = free_port();
  const auto at = [&](const char* address) {
    return Endpoint{Address::parse(address).value(), port};
  };
  Served served;
  CHECK(served.listen(at("127.0.0.1")));
  CHECK_FALSE(connects(at("127.0.0.2")));
  CHECK(served.listen(at("0.0.0.0")));
  CHECK(connects(at("127.0.0.2")));
  CHECK(served.listen(at("127.0.0.2")));
  CHECK(connects(at("127.0.0.2")));
  CHECK_FALSE(connects(at("127.0.0.1")));
  // Not an address of this machine: everything stays as it was.
  CHECK_FALSE(served.listen(at("203.0.113.77")));
  CHECK(connects(at("127.0.0.2")));
  CHECK(served.listen({}));
  CHECK_FALSE(connects(at("127.0.0.2")));
}

}  // namespace
}  // namespace weir
