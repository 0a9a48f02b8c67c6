#include "server/api/measure_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client/grpc_status.h"
#include "core/base/hash.h"
#include "core/base/status.h"
#include "server/api/no_such.h"
#include "server/api/page_token.h"
#include "server/api/request_ids.h"
#include "server/api/watch.h"

namespace boardloop {
namespace {

constexpr int32_t kPage = 50;

bool Ended(const v1::MeasurementJob& job) {
  return job.state() != v1::MeasurementJob::QUEUED && job.state() != v1::MeasurementJob::RUNNING;
}

// One that no measurement has: clocks stand and jump, so that the time alone does not make it one.
absl::StatusOr<std::string> NewName(Transaction& tx, absl::Time now, const std::string& digest) {
  for (int attempt = 0;; ++attempt) {
    const std::string seed = absl::StrCat(absl::ToUnixNanos(now), digest, attempt);
    std::string name = absl::StrCat("measurements/", HashBytes(seed).Hex().substr(0, 12));
    BL_ASSIGN_OR_RETURN(const std::optional<v1::MeasurementJob> taken, tx.GetMeasurement(name));
    if (!taken.has_value()) return name;
  }
}

}  // namespace

absl::Status MeasureService::Create(const v1::CreateMeasurementRequest& request,
                                    v1::MeasurementJob& response) {
  BL_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  const std::string digest = DigestOf(request);
  const absl::Time now = clock_.Now();
  v1::MeasurementJob job = request.measurement();
  return store_.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::optional<std::string> earlier,
                        FindRequest(tx, request.request_id(), digest));
    if (earlier.has_value()) {
      BL_ASSIGN_OR_RETURN(const std::optional<v1::MeasurementJob> found,
                          tx.GetMeasurement(*earlier));
      if (!found.has_value()) return NoSuch(*earlier);
      response = *found;
      return absl::OkStatus();
    }
    BL_ASSIGN_OR_RETURN(*job.mutable_name(), NewName(tx, now, digest));
    BL_ASSIGN_OR_RETURN(response, jobs_.Create(tx, job));
    return KeepRequest(tx, request.request_id(), digest, job.name(), now);
  });
}

absl::Status MeasureService::Get(const std::string& name, v1::MeasurementJob& response) {
  return store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::MeasurementJob> job, tx.GetMeasurement(name));
    if (!job.has_value()) return NoSuch(name);
    response = *std::move(job);
    if (response.state() != v1::MeasurementJob::QUEUED) return absl::OkStatus();
    BL_ASSIGN_OR_RETURN(*response.mutable_waiting_for(), scheduler_.WaitingFor(tx, name));
    return absl::OkStatus();
  });
}

grpc::Status MeasureService::CreateMeasurement(grpc::ServerContext* /*context*/,
                                               const v1::CreateMeasurementRequest* request,
                                               v1::MeasurementJob* response) {
  return ToGrpc(Create(*request, *response));
}

grpc::Status MeasureService::GetMeasurement(grpc::ServerContext* /*context*/,
                                            const v1::GetMeasurementRequest* request,
                                            v1::MeasurementJob* response) {
  return ToGrpc(Get(request->name(), *response));
}

grpc::Status MeasureService::WatchMeasurement(grpc::ServerContext* context,
                                              const v1::WatchMeasurementRequest* request,
                                              grpc::ServerWriter<v1::MeasurementJob>* writer) {
  std::string last;
  const auto look = [&]() -> absl::StatusOr<bool> {
    v1::MeasurementJob job;
    BL_RETURN_IF_ERROR(Get(request->name(), job));
    const std::string now = job.SerializeAsString();
    if (now != last && !writer->Write(job)) return true;  // The caller is gone.
    last = now;
    return Ended(job);
  };
  return ToGrpc(Watch(*context, stopping_, look));
}

grpc::Status MeasureService::ListMeasurements(grpc::ServerContext* /*context*/,
                                              const v1::ListMeasurementsRequest* request,
                                              v1::ListMeasurementsResponse* response) {
  return ToGrpc(store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const ListPage page, ListPage::Of(*request, kPage, "measurements"));
    BL_ASSIGN_OR_RETURN(std::vector<Listed<v1::MeasurementJob>> rows,
                        tx.ListMeasurements(page.ToRead()));
    response->set_next_page_token(
        page.Cut(rows, [](const Listed<v1::MeasurementJob>& row) { return row.position; }));
    for (Listed<v1::MeasurementJob>& row : rows) {
      row.row.mutable_measurement()->clear_operators();  // Large; GetMeasurement has them.
      *response->add_measurements() = std::move(row.row);
    }
    return absl::OkStatus();
  }));
}

grpc::Status MeasureService::CancelMeasurement(grpc::ServerContext* /*context*/,
                                               const v1::CancelMeasurementRequest* request,
                                               v1::MeasurementJob* response) {
  const absl::Status cancelled = store_.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(*response, jobs_.Cancel(tx, request->name()));
    return absl::OkStatus();
  });
  return ToGrpc(OrNoSuch(cancelled, request->name()));
}

}  // namespace boardloop
