#include "gateway/workers.h"

#include <numeric>
#include <utility>

namespace weir {

Workers::Workers(Mailbox& mailbox, Log& log, LearntNames& names, LookupGate& gate,
                 std::uint64_t descriptors, std::size_t count)
    : mailbox_(mailbox),
      log_(log),
      names_(names),
      gate_(gate),
      shared_(std::make_unique<Shared>(descriptors, count)) {}

void Workers::make(std::vector<Listeners> listeners,
                   const std::shared_ptr<const Snapshot>& snapshot,
                   const std::function<FlowIds(std::size_t)>& ids,
                   std::function<void()> on_drained) {
  const Worker::Shared shared{
      .totals = shared_->totals,
      .own_sockets = shared_->own_sockets,
      .asked = shared_->asked,
      .names = names_,
      .gate = &gate_,
      .log = log_,
      .port = snapshot->configuration().gateway.port,
      .neighbours = neighbours_,
      .devices = devices_,
      .on_drained = [this, on_drained = std::move(on_drained)]() { mailbox_.post(on_drained); }};
  for (Listeners& own : listeners) {
    const std::size_t number = workers_.size();
    workers_.push_back(
        std::make_unique<Worker>(number, shared, snapshot, std::move(own), ids(number)));
  }
}

void Workers::start() {
  for (const auto& worker : workers_) {
    worker->start();
  }
}

void Workers::use(std::shared_ptr<const Neighbours> neighbours) {
  neighbours_ = std::move(neighbours);
  gate_.use(neighbours_);
  post([now = neighbours_](Worker& self) { self.use(now); });
}

void Workers::use(std::shared_ptr<const DeviceTable> devices) {
  devices_ = std::move(devices);
  post([now = devices_](Worker& self) { self.use(now); });
}

void Workers::post(const std::function<void(Worker&)>& task) {
  for (const auto& worker : workers_) {
    worker->post(task);
  }
}

std::uint64_t Workers::count(Reason reason) const {
  std::uint64_t out = 0;
  for (const auto& worker : workers_) {
    out += worker->reasons().get(reason);
  }
  return out;
}

void close_flows(Workers& workers, const Worker::Choice& choice, End why,
                 std::function<void(std::uint64_t)> answer) {
  workers.gather<std::uint64_t>(
      [choice, why](Worker& self, std::function<void(std::uint64_t)> say) {
        self.close_flows(choice, why, std::move(say));
      },
      [answer = std::move(answer)](const std::vector<std::uint64_t>& of_each) {
        answer(std::accumulate(of_each.begin(), of_each.end(), std::uint64_t{0}));
      });
}

}  // namespace weir
