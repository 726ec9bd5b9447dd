#include "cli/rule_owner.h"

#include <sys/stat.h>

#include <cstdint>
#include <fstream>

#include "base/configuration.h"
#include "base/json.h"
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

std::optional<RuleOwner> rule_owner(const std::string& file) {
  const Loaded loaded = load(file);
  const std::string socket =
      loaded.configuration ? loaded.configuration->admin.socket : AdminSettings{}.socket;
  const auto answer = ask_gateway(socket, "GET", "/v1/status");
  if (!answer || answer.value().status != 200) {
    return std::nullopt;
  }
  const Json status = json_or_null(answer.value().body);
  const Json* firewall = status.find("firewall");
  if (firewall == nullptr) {
    return std::nullopt;
  }
  const Json* kept = firewall->find("kept");
  const Json* number = status.find("pid");
  const auto pid = number == nullptr ? 0 : number->integer().value_or(0);
  if ((kept != nullptr && kept->boolean() == false) || !is_in_this_network(pid)) {
    return std::nullopt;
  }
  const std::string unit = unit_of(pid);
  return RuleOwner{
      .socket = socket,
      .process = "process " + std::to_string(pid) + (unit.empty() ? "" : ", " + unit),
      .to_end = unit.empty() ? "kill " + std::to_string(pid) : "systemctl stop " + unit};
}

Result<> release_rules(const RuleOwner& owner) {
  const auto answer = ask_gateway(owner.socket, "POST", "/v1/firewall/release");
  if (!answer) {
    return answer.error();
  }
  if (answer.value().status == 200) {
    return Ok{};
  }
  const Json body = json_or_null(answer.value().body);
  if (const Json* errors = body.find("errors"); errors != nullptr && !errors->items().empty()) {
    if (const auto first = errors->items().front().text()) {
      return Error(std::string(*first));
    }
  }
  return Error("the gateway answers with status " + std::to_string(answer.value().status));
}

}  // namespace weir
