#include "probe/mail.h"

#include "probe/engine.h"

void engine_post(struct probe_engine *engine, struct mail *mail)
{
    mail->next = NULL;
    pthread_mutex_lock(&engine->lock);
    *engine->mail_end = mail;
    engine->mail_end = &mail->next;
    pthread_mutex_unlock(&engine->lock);
    engine_nudge(engine);
}

void engine_open_mail(struct probe_engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    struct mail *mail = engine->mail;
    engine->mail = NULL;
    engine->mail_end = &engine->mail;
    pthread_mutex_unlock(&engine->lock);
    for (struct mail *next; mail; mail = next) {
        next = mail->next;
        mail->open(engine, mail);
    }
}
