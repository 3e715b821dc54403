// Topics by their ids. IS_ABOUT is a state: one relationship per pair of item and topic, so its pair is its key.

CREATE CONSTRAINT guanxi_topic IF NOT EXISTS FOR (n:Topic) REQUIRE n.id IS UNIQUE;
