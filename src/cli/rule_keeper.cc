#include "cli/rule_keeper.h"

#include <sys/stat.h>

#include <cstdint>
#include <fstream>

#include <nlohmann/json.hpp>

#include "base/configuration.h"
#include "cli/control_client.h"
#include "cli/load.h"

namespace weir {
namespace {

std::string file_of(std::int64_t pid, const std::string& name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

// Rules belong to a network namespace. One that we may not look at counts as ours.
bool is_in_this_network(std::int64_t pid) {
  struct stat its {};
  struct stat ours {};
  return stat(file_of(pid, "ns/net").c_str(), &its) != 0 || stat("/proc/self/ns/net", &ours) != 0 ||
         (its.st_ino == ours.st_ino && its.st_dev == ours.st_dev);
}

// systemd's, from "0::/system.slice/weir.service"; empty: none.
std::string unit_of(std::int64_t pid) {
  std::ifstream lines(file_of(pid, "cgroup"));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(".service")) {
      return line.substr(line.rfind('/') + 1);
    }
  }
  return "";
}

}  // namespace

std::optional<RuleKeeper> rule_keeper(const std::string& file) {
  const Loaded loaded = load(file);
  const std::string socket =
      loaded.configuration ? loaded.configuration->admin.socket : AdminSettings{}.socket;
  const auto answer = ask_gateway(socket, "GET", "/v1/status");
  if (!answer || answer.value().status != 200) {
    return std::nullopt;
  }
  const auto status = nlohmann::json::parse(answer.value().body, nullptr, false);
  if (!status.is_object() || !status.contains("firewall")) {
    return std::nullopt;
  }
  const auto& firewall = status["firewall"];
  const auto pid = status.value("pid", std::int64_t{0});
  if (!firewall.value("kept", true) || !is_in_this_network(pid)) {
    return std::nullopt;
  }
  const std::string unit = unit_of(pid);
  return RuleKeeper{
      .socket = socket,
      .who = "process " + std::to_string(pid) + (unit.empty() ? "" : ", " + unit),
      .to_end = unit.empty() ? "kill " + std::to_string(pid) : "systemctl stop " + unit};
}

Result<> release_rules(const RuleKeeper& keeper) {
  const auto answer = ask_gateway(keeper.socket, "POST", "/v1/firewall/release");
  if (!answer) {
    return answer.error();
  }
  if (answer.value().status == 200) {
    return Done{};
  }
  const auto body = nlohmann::json::parse(answer.value().body, nullptr, false);
  if (body.is_object() && body.contains("errors") && body["errors"].is_array() &&
      !body["errors"].empty() && body["errors"][0].is_string()) {
    return Error(body["errors"][0].get<std::string>());
  }
  return Error("the gateway answers with status " + std::to_string(answer.value().status));
}

}  // namespace weir
