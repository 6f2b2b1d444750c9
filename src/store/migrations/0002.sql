-- Certificates as they were sent, so that their signatures can be checked and a later version can read more of
-- them. Rows that were written before have none.
ALTER TABLE certificate ADD COLUMN der BLOB;

-- What the server stapled to it last: 'missing', 'good', 'unknown' or 'revoked'; since and until when that holds.
ALTER TABLE certificate_place ADD COLUMN staple TEXT;
ALTER TABLE certificate_place ADD COLUMN staple_since INTEGER;
ALTER TABLE certificate_place ADD COLUMN staple_until INTEGER;
