#include "cli/live.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

#include "admin/json.h"
#include "admin/served.h"
#include "base/descriptor.h"
#include "base/folder.h"
#include "catch.h"
#include "cli/control_client.h"

namespace weir {
namespace {

struct Ran {
  int status = -1;
  std::string out;
  std::string err;
};

// Runs a command with its two streams in files.
Ran run(const std::function<int()>& command) {
  const Folder folder;
  const auto redirect = [&](FILE* stream, int fd, const std::string& name) {
    std::fflush(stream);
    Descriptor kept(dup(fd));
    const Descriptor file(::creat((folder / name).c_str(), 0600));
    dup2(file.get(), fd);
    return kept;
  };
  const auto text_of = [&](FILE* stream, int fd, const Descriptor& kept, const std::string& name) {
    std::fflush(stream);
    dup2(kept.get(), fd);
    std::ostringstream text;
    text << std::ifstream(folder / name).rdbuf();
    return text.str();
  };
  Ran ran;
  const auto out = redirect(stdout, STDOUT_FILENO, "out");
  const auto err = redirect(stderr, STDERR_FILENO, "err");
  ran.status = command();
  ran.out = text_of(stdout, STDOUT_FILENO, out, "out");
  ran.err = text_of(stderr, STDERR_FILENO, err, "err");
  return ran;
}

struct Fixture {
  Served served;
  LiveArguments arguments;

  Fixture() { arguments.socket = served.socket(); }

  Ran run_with_gateway(int (*command)(const LiveArguments&)) {
    Ran ran;
    served.during([&] { ran = run([&] { return command(arguments); }); });
    return ran;
  }
};

TEST_CASE_METHOD(Fixture, "the status is read from the running gateway") {
  const auto ran = run_with_gateway(run_status);
  CHECK(ran.status == 0);
  CHECK(ran.out.starts_with("version     1.2.3\n"));
  CHECK(ran.err.empty());
}

TEST_CASE_METHOD(Fixture, "--json prints the API's own text") {
  arguments.json = true;
  CHECK(run_with_gateway(run_rules).out == json_of(FakeControl::made_up_rules()));
  CHECK(run_with_gateway(run_upstreams).out == json_of(served.control.upstreams()));
}

TEST_CASE_METHOD(Fixture, "filters reach the gateway whatever characters they have") {
  arguments.flows.rule = "a&b=c d/\xc3\xbc%";
  arguments.flows.client = "2001:db8::/32";
  arguments.flows.limit = "3";
  CHECK(run_with_gateway(run_flows).status == 0);
  const auto& filter = served.control.filters.at(0);
  CHECK(filter.rule == arguments.flows.rule);
  REQUIRE(filter.client);
  CHECK(filter.client->covers(Endpoint::parse("[2001:db8::9]:1").value()));
  CHECK(filter.limit == 3);
}

TEST_CASE_METHOD(Fixture, "a filter that makes no sense is bad usage") {
  arguments.flows.client = "nobody";
  const auto ran = run_with_gateway(run_flows);
  CHECK(ran.status == 2);
  CHECK(ran.out.empty());
  CHECK(ran.err == "weir: client is an address, ADDRESS:PORT or a prefix, not 'nobody'\n");
}

TEST_CASE_METHOD(Fixture, "a reload that fails prints its errors and exits with 1") {
  served.control.reload_report.errors = {"weir.ini:3: error: unknown key 'prot'",
                                         "weir.ini:9: error: port is 1 to 65535"};
  const auto ran = run_with_gateway(run_reload);
  CHECK(ran.status == 1);
  CHECK(ran.out.empty());
  CHECK(ran.err ==
        "weir.ini:3: error: unknown key 'prot'\nweir.ini:9: error: port is 1 to 65535\n");
}

TEST_CASE_METHOD(Fixture, "a reload that succeeds prints its report") {
  served.control.reload_report.ok = true;
  const auto ran = run_with_gateway(run_reload);
  CHECK(ran.status == 0);
  CHECK(ran.out.starts_with("rules unchanged\n"));
}

TEST_CASE("without a gateway the command says so") {
  const Folder folder;
  LiveArguments arguments;
  arguments.socket = folder / "control.sock";
  const auto ran = run([&] { return run_status(arguments); });
  CHECK(ran.status == 1);
  CHECK(ran.err == "weir: no gateway answers on " + arguments.socket + "\n");
}

TEST_CASE("a proxy of the environment has no say") {
  setenv("http_proxy", "http://192.0.2.1:3128", 1);
  Fixture fixture;
  CHECK(fixture.run_with_gateway(run_status).status == 0);
  unsetenv("http_proxy");
}

TEST_CASE_METHOD(Fixture, "every id that is there is closed, and the others are named") {
  arguments.ids = {"gone-0-1", "live-0-1"};
  const auto ran = run_with_gateway(run_close);
  CHECK(ran.status == 1);
  CHECK(ran.out == "closed live-0-1\n");
  CHECK(ran.err == "weir: there is no live flow gone-0-1\n");
}

TEST_CASE_METHOD(Fixture, "an id cannot become another path") {
  arguments.ids = {"../reload?x"};
  const auto ran = run_with_gateway(run_close);
  CHECK(ran.status == 1);
  CHECK(ran.out.empty());
}

TEST_CASE_METHOD(Fixture, "drain and log-level say what holds now") {
  CHECK(run_with_gateway(run_drain).out ==
        "draining: no new flows; 3 TCP and 4 UDP flows may finish, then weir ends\n");
  CHECK(served.control.drains == 1);
  arguments.level = "debug";
  CHECK(run_with_gateway(run_log_level).out == "log level is debug until the next reload\n");
  CHECK(served.control.levels == std::vector{LogLevel::debug});
}

TEST_CASE("a command about the running gateway says nothing of warnings and errors in the file") {
  const Folder folder;
  const std::string socket = folder / "control.sock";
  LiveArguments arguments;
  arguments.config = folder / "weir.ini";
  std::ofstream(arguments.config) << "[admin]\nsocket = " << socket
                                  << "\n[upstream unused]\ntype = direct\n[rule broken]\n";
  const auto ran = run([&] { return run_status(arguments); });
  CHECK(ran.err == "weir: no gateway answers on " + socket + "\n");
}

TEST_CASE("the control socket is that of the configuration, unless it is named") {
  const Folder folder;
  const std::string file = folder / "weir.ini";
  std::ofstream(file) << "[admin]\nsocket = /run/other.sock\n";
  LiveArguments arguments;
  CHECK(control_socket(arguments).value() == "/run/weir/control.sock");
  arguments.config = file;
  CHECK(control_socket(arguments).value() == "/run/other.sock");
  arguments.socket = "/run/named.sock";
  CHECK(control_socket(arguments).value() == "/run/named.sock");
  arguments.socket.clear();
  arguments.config = folder / "none.ini";
  CHECK_FALSE(control_socket(arguments));
}

}  // namespace
}  // namespace weir
