// MeasureService (proto/boardloop/v1/measure_service.proto) on the store.
#pragma once

#include <functional>
#include <string>

#include "boardloop/v1/measure_service.grpc.pb.h"
#include "server/search/measurement_jobs.h"

namespace boardloop {

class MeasureService final : public v1::MeasureService::Service {
 public:
  // Nothing is owned. `stopping` ends streams.
  MeasureService(Store& store, MeasurementJobs& jobs, Scheduler& scheduler, const Clock& clock,
                 std::function<bool()> stopping)
      : store_(store),
        jobs_(jobs),
        scheduler_(scheduler),
        clock_(clock),
        stopping_(std::move(stopping)) {}

  grpc::Status CreateMeasurement(grpc::ServerContext* context,
                                 const v1::CreateMeasurementRequest* request,
                                 v1::MeasurementJob* response) override;
  grpc::Status GetMeasurement(grpc::ServerContext* context,
                              const v1::GetMeasurementRequest* request,
                              v1::MeasurementJob* response) override;
  grpc::Status WatchMeasurement(grpc::ServerContext* context,
                                const v1::WatchMeasurementRequest* request,
                                grpc::ServerWriter<v1::MeasurementJob>* writer) override;
  grpc::Status ListMeasurements(grpc::ServerContext* context,
                                const v1::ListMeasurementsRequest* request,
                                v1::ListMeasurementsResponse* response) override;
  grpc::Status CancelMeasurement(grpc::ServerContext* context,
                                 const v1::CancelMeasurementRequest* request,
                                 v1::MeasurementJob* response) override;

 private:
  absl::Status Create(const v1::CreateMeasurementRequest& request, v1::MeasurementJob& response);
  absl::Status Get(const std::string& name, v1::MeasurementJob& response);

  Store& store_;
  MeasurementJobs& jobs_;
  Scheduler& scheduler_;
  const Clock& clock_;
  const std::function<bool()> stopping_;
};

}  // namespace boardloop
