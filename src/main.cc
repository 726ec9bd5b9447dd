// The command table: each command is one row, made of its words for the command line and the
// function that does it.
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/check.h"
#include "cli/doctor.h"
#include "cli/explain.h"
#include "cli/firewall.h"
#include "cli/live.h"
#include "cli/run.h"
#include "cli/version.h"
#include "firewall/guardian.h"

namespace {

constexpr const char* standard_file = "/etc/weir/weir.ini";
constexpr int bad_usage = 2;

// What the chosen command will do; its arguments are filled in by then.
using Action = std::function<int()>;

void add_config(CLI::App& command, std::string& file) {
  file = standard_file;
  command.add_option("-c,--config", file, "configuration file")->capture_default_str();
}

void add_live(CLI::App& command, weir::LiveArguments& arguments) {
  command.add_option("--socket", arguments.socket, "control socket of the running gateway")
      ->capture_default_str();
  command.add_flag("--json", arguments.json, "print the API's JSON");
}

int run_command(int argc, char** argv) {
  CLI::App app{"weir: a transparent interception gateway for Linux routers", "weir"};
  app.require_subcommand(1);
  Action action;
  const auto command = [&](const char* name, const char* sentence, const Action& run) {
    CLI::App* made = app.add_subcommand(name, sentence);
    made->callback([&action, run]() { action = run; });
    return made;
  };

  weir::RunArguments run;
  CLI::App* made = command("run", "serve in the foreground", [&]() { return run_gateway(run); });
  add_config(*made, run.file);
  made->add_flag_callback(
      "--firewall", [&]() { run.firewall = weir::OwnFirewall::yes; },
      "install the firewall's rules, keep them in place, and remove them at exit (with on-failure "
      "= open)");
  made->add_option("--backend", run.backend,
                   "nft or iptables, with --firewall (default: what is installed)")
      ->check(CLI::IsMember({"nft", "iptables"}));

  // Not for people: the gateway starts it.
  command("guard", "mind the firewall's rules until the gateway is gone",
          weir::firewall::run_guardian)
      ->group("");

  std::string check_file;
  made =
      command("check", "validate a configuration", [&]() { return weir::run_check(check_file); });
  add_config(*made, check_file);

  weir::ExplainArguments explain;
  made = command("explain", "which rule, upstream, server and source a flow would get",
                 [&]() { return run_explain(explain); });
  add_config(*made, explain.file);
  made->add_option("protocol", explain.protocol, "tcp or udp")->required();
  made->add_option("client", explain.client, "ADDRESS[:PORT]")->required();
  made->add_option("destination", explain.destination, "ADDRESS:PORT")->required();
  made->add_option("--interface", explain.interface, "inbound interface");

  weir::FirewallArguments firewall;
  made = command("firewall", "print, install or remove the firewall's rules",
                 [&]() { return run_firewall(firewall); });
  made->add_option("action", firewall.action, "show, apply or remove")
      ->required()
      ->check(CLI::IsMember({"show", "apply", "remove"}));
  add_config(*made, firewall.file);
  made->add_option("--backend", firewall.backend, "nft or iptables (default: what is installed)")
      ->check(CLI::IsMember({"nft", "iptables"}));

  weir::DoctorArguments doctor;
  made = command("doctor", "test what interception needs on this machine, and name what to fix",
                 [&]() { return run_doctor(doctor); });
  add_config(*made, doctor.file);
  made->add_flag("--json", doctor.json, "as JSON");

  weir::LiveArguments live;
  made = command("status", "show the running gateway", [&]() { return run_status(live); });
  add_live(*made, live);
  made = command("flows", "list live flows", [&]() { return run_flows(live); });
  add_live(*made, live);
  made->add_option("--protocol", live.flows.protocol, "tcp or udp")
      ->check(CLI::IsMember({"tcp", "udp"}));
  made->add_option("--client", live.flows.client, "ADDRESS, ADDRESS:PORT or prefix");
  made->add_option("--destination", live.flows.destination, "ADDRESS, ADDRESS:PORT or prefix");
  made->add_option("--rule", live.flows.rule, "name of the rule");
  made->add_option("--upstream", live.flows.upstream, "name of the upstream");
  made->add_option("--limit", live.flows.limit, "at most so many");
  made = command("rules", "show rules and what they did", [&]() { return run_rules(live); });
  add_live(*made, live);
  made = command("upstreams", "show upstreams and their servers",
                 [&]() { return run_upstreams(live); });
  add_live(*made, live);
  made = command("reload", "apply the configuration anew and print the report",
                 [&]() { return run_reload(live); });
  add_live(*made, live);

  bool json = false;
  made = command("version", "version and what this build supports",
                 [&]() { return weir::run_version(json); });
  made->add_flag("--json", json, "as JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    // One line a problem; `--help` tells the rest.
    std::fprintf(stderr, "weir: %s\n", error.what());
    return bad_usage;
  }
  return action();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir: %s\n", error.what());
  } catch (...) {
    std::fputs("weir: an error that says nothing about itself\n", stderr);
  }
  return 1;
}
