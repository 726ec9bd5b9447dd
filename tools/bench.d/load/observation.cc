// See observation.h.
#include "observation.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace load {
namespace {

std::uint64_t cpu_time_of(int process) {
  std::uint64_t sum = 0;
  std::error_code gone;
  const auto tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    std::ifstream file(task.path() / "schedstat");
    std::uint64_t running = 0;
    if (file >> running) sum += running;
  }
  return sum;
}

}  // namespace

Observation::Observation(const Options& options)
    : watched_(options.watch), warmup_(options.warmup), length_(options.seconds) {}

void Observation::start() { begin_at_ = Clock::now() + warmup_; }

void Observation::begin() {
  first_ = sample();
  end_at_ = first_.at + length_;
  phase_ = Phase::measuring;
}

void Observation::end() {
  last_ = sample();
  phase_ = Phase::over;
}

Observation::Sample Observation::sample() const {
  Sample sample;
  for (const int process : watched_) sample.gateway_ns += cpu_time_of(process);
  std::ifstream file("/proc/stat");
  std::string line;
  while (std::getline(file, line) && line.starts_with("cpu")) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0,
                  steal = 0;
    words >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
    const std::uint64_t busy = user + nice + system + irq + softirq;
    if (name == "cpu") {
      sample.steal = steal;
    } else {
      sample.busy.push_back(busy);
    }
  }
  sample.at = Clock::now();
  return sample;
}

double Observation::seconds() const {
  return std::chrono::duration<double>(last_.at - first_.at).count();
}

void Observation::add_to(Report& report) const {
  report.add("seconds", seconds());
  report.add("gateway_us", static_cast<double>(last_.gateway_ns - first_.gateway_ns) / 1e3);
  const double ticks = seconds() * static_cast<double>(sysconf(_SC_CLK_TCK));  // of one core
  const double cores = static_cast<double>(last_.busy.size());
  for (std::size_t core = 0; core < last_.busy.size(); ++core) {
    const double busy = static_cast<double>(last_.busy[core] - first_.busy[core]);
    report.add("busy" + std::to_string(core), busy / ticks);
  }
  report.add("steal", static_cast<double>(last_.steal - first_.steal) / (ticks * cores));
}

}  // namespace load
