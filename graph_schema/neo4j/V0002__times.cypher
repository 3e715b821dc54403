// What moderators ask for by time. Follows, shares and purchases have no such index: it would cost a third of a load.

CREATE INDEX guanxi_reported_time IF NOT EXISTS FOR ()-[r:REPORTED]-() ON (r.time);
CREATE INDEX guanxi_promoted_time IF NOT EXISTS FOR ()-[r:PROMOTED]-() ON (r.time);
